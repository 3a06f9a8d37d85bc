import { type Methods, target, VOID } from '../call.js';
import { timestamp } from '../clock.js';
import { poolRow } from '../pool-state.js';
import { freeMemory } from './boot-checks.js';

/** The pool itself and its hosts. */
export const poolMethods: Methods = {
  'pool.designate_new_master': (call) => {
    poolRow(call.state).set({ master: target(call, 'host', 'host').ref });
    return VOID;
  },
  'host.enable': (call) => {
    target(call, 'host', 'host').set({ enabled: true });
    return VOID;
  },
  'host.disable': (call) => {
    target(call, 'host', 'host').set({ enabled: false });
    return VOID;
  },
  'host.compute_free_memory': (call) => freeMemory(call.state, target(call, 'host', 'host')),
  'host.get_servertime': () => timestamp(),
};
