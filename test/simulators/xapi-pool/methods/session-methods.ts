import { type Call, type Methods, target, VOID } from '../call.js';
import { timestamp } from '../clock.js';
import type { Row } from '../database.js';
import { eventsFrom, inject } from '../events.js';
import { XapiFailure } from '../failure.js';
import { ROLES } from '../model/model-types.js';

const FINAL: ReadonlySet<string> = new Set(['success', 'failure', 'cancelled']);

/** Throws RBAC_PERMISSION_DENIED for somebody else's task, which takes a role that may do so with any. */
function assertOwn(call: Call, task: Row): void {
  const { sessions, tasks } = call.state;
  const mayAny = ROLES.indexOf(call.role) >= ROLES.indexOf('pool-operator');
  if (!mayAny && tasks.ownerOf(task.ref) !== sessions.use(call.session).user.name) {
    throw new XapiFailure('RBAC_PERMISSION_DENIED', ['task.destroy/any', 'No permission in user session']);
  }
}

/** Throws CANNOT_CONTACT_HOST: the host that works on a task is the one that is asked to stop. */
function assertLive({ state }: Call, task: Row): void {
  const host = state.database.find('host', task.text('resident_on'));
  const metrics = host && state.database.find('host_metrics', host.text('metrics'));
  if (host !== undefined && metrics?.flag('live') === false) {
    throw new XapiFailure('CANNOT_CONTACT_HOST', [host.ref]);
  }
}

/** Sessions, tasks and events. */
export const sessionMethods: Methods = {
  'session.login_with_password': async ({ state, host, args }) => {
    const { sessions } = state;
    const row = await sessions.login(args.text('uname'), args.text('pwd'), args.text('originator'), host.ref);
    return row.ref;
  },
  'session.slave_local_login_with_password': async ({ state, host, args }) => {
    const row = await state.sessions.login(args.text('uname'), args.text('pwd'), '', host.ref);
    return row.ref;
  },
  'session.logout': ({ state, session }) => {
    state.sessions.drop(session);
    return VOID;
  },
  'session.local_logout': ({ state, session }) => {
    state.sessions.drop(session);
    return VOID;
  },
  'task.create': ({ state, host, args, session }) => {
    const row = state.tasks.create(args.text('label'), args.text('description'), host.ref);
    state.tasks.give(row.ref, state.sessions.use(session).user.name);
    return row.ref;
  },
  'task.destroy': (call) => {
    const row = target(call, 'task');
    assertOwn(call, row);
    if (FINAL.has(row.text('status'))) {
      call.state.tasks.destroy(row);
    } else {
      // A pending task is only flagged; whoever works on it goes on.
      row.set({ current_operations: { ...row.map('current_operations'), task: 'destroy' } });
    }
    return VOID;
  },
  'task.cancel': (call) => {
    const row = target(call, 'task', 'task');
    assertOwn(call, row);
    assertLive(call, row);
    // Only a wish: whoever works on the task may look at it, or not.
    row.set({ current_operations: { [call.task ?? row.ref]: 'cancel' } });
    call.state.tasks.requestCancel(row.ref);
    return VOID;
  },
  'task.set_status': (call) => {
    const value = call.args.text('value');
    const finished = FINAL.has(value) ? { finished: timestamp() } : {};
    target(call, 'task').set({ status: value, ...finished });
    return VOID;
  },
  'event.from': ({ state, session, args }) =>
    eventsFrom(state.database, {
      classes: args.list('classes'),
      token: args.text('token'),
      timeoutSeconds: args.number('timeout'),
      assertAllowed: () => state.sessions.use(session),
    }),
  'event.inject': ({ state, args }) => inject(state.database, args.text('class'), args.text('ref')),
  'event.get_current_id': ({ state }) => state.database.generation,
};
