import type { PoolDestination } from '../model/destination.js';
import { XenferryError } from '../model/errors.js';
import { isBlocking, type PlannedMachine } from '../model/plan.js';
import { profileOf } from '../targets/machine-facts.js';
import {
  type OwnedObject,
  poolSurroundings,
  resolvePool,
  SpaceReservations,
  TransferSlots,
} from '../targets/xapi-pool/index.js';
import { connectPool } from '../xapi/index.js';
import { Appliances } from './appliances.js';
import type { Deliverable, Delivery } from './delivery.js';
import { afterwards, isFinished } from './into-pool/arrivals.js';
import { checkMachine } from './into-pool/check-machine.js';
import { deliverMachine } from './into-pool/deliver-machine.js';
import { deliverWarm } from './into-pool/deliver-warm.js';
import { clearLeftovers, removeLeftovers, removeMade } from './into-pool/leftovers.js';
import { waysIn } from './into-pool/machine-import.js';
import type { PoolWork } from './into-pool/pool-work.js';
import { refixVm } from './into-pool/refix-vm.js';
import type { BatchContext } from './job.js';
import { type JobMarks, jobMarks } from './job-marks.js';
import { readyNetworks } from './ready-networks.js';

/**
 * Machines become VMs of a pool. What earlier runs left half done there is removed first; where the machines are not
 * all of the batch (`alone`), only what was left of them. Rejects with CONFIG_INVALID, POOL_*, CANCELED.
 */
export async function poolDelivery(
  destination: PoolDestination,
  { machines, alone = false, blackOuts, batchId }: Omit<Deliverable, 'destination'>,
  context: BatchContext,
): Promise<Delivery> {
  const client = await connectPool({ ...destination, patience: context.patience });
  try {
    const marks = await jobMarks(context.ledger, context.target);
    if (marks === null) throw new XenferryError('LEDGER_INVALID', 'the ledger has no identity');
    const own = alone ? new Set(machines.map(({ machine }) => marks.ofMachine(machine.id))) : null;
    const kept = await context.ledger.warmMoves.keptDisks(batchId);
    const earlier = await clearLeftovers(client, context, marks, { only: own, kept });
    const view = await readyNetworks(client, destination.newNetworks, marks.batch, context.signal);
    const { disksPerHost: perHost, disksPerStorage: perStorage } = destination;
    const work: PoolWork = {
      ...context,
      client,
      blackOuts,
      batchId,
      destination,
      marks,
      view,
      resolved: resolvePool(stillToCome(machines, marks, earlier), context.profiles, view),
      slots: new TransferSlots({ perHost, perStorage }),
      reservations: new SpaceReservations(),
      appliances: new Appliances(client, context.signal),
      earlier,
      begun: new Map(),
      contact: { lost: false },
      arrived: new Map(),
    };
    return {
      surroundings: (planned) => [
        destination.url,
        poolSurroundings(planned, profileOf(planned, context.profiles)),
      ],
      lasting: (planned) => [
        destination.url,
        poolSurroundings(planned, profileOf(planned, context.profiles)),
      ],
      waysIn: (planned) => waysIn(work, planned),
      isFinished: (job) => isFinished(work, job),
      check: async ({ planned }) => checkMachine(work, planned),
      deliver: (job, own) => deliverMachine({ ...work, signal: own.signal }, job),
      deliverWarm: {
        move: (job, own, source) => deliverWarm({ ...work, signal: own.signal }, job, source),
        discard: ({ planned }) => removeMade(work, marks.ofMachine(planned.machine.id)),
      },
      refix: (job, own) => refixVm({ ...work, signal: own.signal }, job),
      afterwards: (jobs) => afterwards(work, jobs),
      close: () => removeLeftovers(work),
    };
  } catch (error) {
    await client.close();
    throw error;
  }
}

function stillToCome(
  machines: readonly PlannedMachine[],
  marks: JobMarks,
  earlier: ReadonlyMap<string, OwnedObject>,
): PlannedMachine[] {
  return machines.filter(
    ({ machine, concerns }) => !concerns.some(isBlocking) && !earlier.has(marks.ofMachine(machine.id)),
  );
}
