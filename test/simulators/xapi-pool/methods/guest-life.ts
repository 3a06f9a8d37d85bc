import { timestamp } from '../clock.js';
import type { Row } from '../database.js';
import { NULL_REF } from '../fields.js';
import type { PoolState } from '../pool-state.js';

function report(state: PoolState, vm: Row, networks: Readonly<Record<string, string>>): void {
  const metrics = state.database.create('VM_guest_metrics', {
    networks,
    PV_drivers_version: { major: '9', minor: '3', micro: '3', build: '1' },
    PV_drivers_detected: true,
    live: true,
    last_updated: timestamp(),
  });
  vm.set({ guest_metrics: metrics.ref });
}

/** What the agent told goes with the guest. */
export function forgetGuest({ database }: PoolState, vm: Row): void {
  const metrics = database.find('VM_guest_metrics', vm.text('guest_metrics'));
  if (metrics !== undefined) {
    database.destroy(metrics);
    vm.set({ guest_metrics: NULL_REF });
  }
}

/** Has a machine that was just started do what its guest does by itself. */
export function live(state: PoolState, vm: Row, halt: () => void): void {
  const { reportsAfterMs, networks = {}, haltsAfterMs } = state.guestOf(vm.text('name_label'));
  const domid = vm.number('domid');
  const later = (milliseconds: number, action: () => void): void => {
    const stillThere = (): boolean =>
      state.database.find('VM', vm.ref) === vm && vm.number('domid') === domid;
    setTimeout(() => stillThere() && action(), milliseconds).unref();
  };
  if (reportsAfterMs !== undefined) {
    later(reportsAfterMs, () => report(state, vm, networks));
  }
  if (haltsAfterMs !== undefined) {
    later(haltsAfterMs, halt);
  }
}
