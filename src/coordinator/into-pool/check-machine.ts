import { XenferryError } from '../../model/errors.js';
import type { PlannedMachine } from '../../model/plan.js';
import { placementOf } from './machine-import.js';
import type { PoolWork } from './pool-work.js';

/** Throws what `Delivery.check` rejects with. */
export function checkMachine(work: PoolWork, planned: PlannedMachine): void {
  const { earlier, client, marks } = work;
  const vm = earlier.get(marks.ofMachine(planned.machine.id));
  if (vm === undefined) {
    placementOf(work, planned);
    return;
  }
  // It may be in use by now: only its owner may say that it goes.
  throw new XenferryError('TARGET_EXISTS', `an earlier run brought it as ${vm.name} (${vm.uuid})`, {
    file: client.shown,
    hint: 'Keep that one, or let xenferry cleanup --all remove it and run again.',
  });
}
