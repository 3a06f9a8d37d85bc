import type { JobRecord, Ledger, SourceChangeRecord } from '../../ledger/index.js';
import type { PoolDestination, PoolReference } from '../../model/destination.js';
import { XenferryError } from '../../model/errors.js';
import type { PlannedLive, SourceChange } from '../../model/live.js';
import type { PlannedMachine } from '../../model/plan.js';
import type { PresentVm } from '../../targets/xapi-pool/index.js';
import { readSourceMachine } from '../live/source-machine.js';
import type { TwoSides } from './two-sides.js';

/** A machine that can be taken back. */
export interface Prospect {
  readonly job: JobRecord;
  readonly name: string;
  readonly live: PlannedLive;
  /** What still stands at the source, in the order in which it was done. */
  readonly changes: readonly SourceChangeRecord[];
  /** Where it was moved to, and what it is there; null: files, or a VM that somebody has removed. */
  readonly target: { readonly pool: PoolReference; readonly vm: PresentVm } | null;
  /** What is done, in this order. */
  readonly steps: readonly string[];
  /** What has to be known beforehand. */
  readonly warnings: readonly string[];
}

const DAY = 86_400_000;

/** In the order in which it was done, which is taken back from its end. */
const TAKING_BACK: Readonly<Record<SourceChange, string>> = {
  snapshot: 'remove the snapshot',
  changeTracking: 'turn off the tracking of changed blocks',
  shutDown: 'start the machine',
  powerOff: 'start the machine',
  rename: 'give the machine its name back',
  disconnect: 'connect its network cards as they were',
};

/**
 * What it takes to take a machine back; changes nothing. `force`: also when its days are over. Rejects with
 * ROLLBACK_REFUSED, VSPHERE_*, POOL_*, SOURCE_UNREADABLE.
 */
export async function prospectOf(
  ledger: Ledger,
  sides: TwoSides,
  job: JobRecord,
  { destination, force }: { readonly destination: PoolDestination | null; readonly force: boolean },
): Promise<Prospect> {
  const planned: PlannedMachine | null = JSON.parse(job.planned);
  const live = planned?.live ?? null;
  if (planned === null || live === null) {
    throw refused('it was not moved from a vCenter or an ESXi host: its source was never changed');
  }
  refuseUnmoved(job);
  if (!force) refuseOld(job, live);
  const changes = (await ledger.sourceChanges.ofJob(job.id)).filter(({ undoneAt }) => undoneAt === null);
  const { name, connected } = await readSourceMachine(await sides.source(live.server), {
    type: 'VirtualMachine',
    value: live.objectId,
  });
  if (!connected) {
    throw new XenferryError('SOURCE_UNREADABLE', `${name}: its host is not connected to the vCenter`);
  }
  const pool = destination === null ? null : await poolOf(ledger, job, destination);
  const vm = pool === null ? null : await foundVm(sides, pool, job, planned);
  const target = pool === null || vm === null ? null : { pool, vm };
  return {
    job,
    name: planned.name,
    live,
    changes,
    target,
    steps: [...targetSteps(target), ...sourceSteps(changes)],
    warnings: [warningOf(destination, target)],
  };
}

function refused(reason: string): XenferryError {
  return new XenferryError('ROLLBACK_REFUSED', reason);
}

function refuseUnmoved({ state, rollback }: JobRecord): void {
  if (rollback === 'done') throw refused('it was taken back already');
  if (rollback === null && state !== 'done') throw refused(`it has not been moved: it is ${state}`);
}

function refuseOld({ endedAt, rollback }: JobRecord, { rollbackDays }: PlannedLive): void {
  // What has been begun is to come to its end.
  if (rollback !== null || endedAt === null) return;
  const days = (Date.now() - endedAt) / DAY;
  if (days <= rollbackDays) return;
  throw new XenferryError(
    'ROLLBACK_REFUSED',
    `it was moved ${Math.floor(days)} days ago, and is taken back within ${rollbackDays} days only`,
    { hint: 'Whatever it has done since stays behind; --force takes it back all the same.' },
  );
}

/** It may have been moved on. */
async function poolOf(
  ledger: Ledger,
  { id }: JobRecord,
  { after: { move }, ...own }: PoolDestination,
): Promise<PoolReference> {
  const steps = await ledger.steps(id);
  const moved = steps.some(({ name, state }) => name === 'move' && state === 'done');
  return moved && move?.pool != null ? move.pool : own;
}

/** The VM that it became. Rejects with ROLLBACK_REFUSED when another has the machine's addresses. */
async function foundVm(
  sides: TwoSides,
  pool: PoolReference,
  { landed }: JobRecord,
  { nics }: PlannedMachine,
): Promise<PresentVm | null> {
  const { vms, running } = await sides.present(pool);
  const own = landed === null ? undefined : vms.get(landed);
  for (const { mac } of nics) {
    const others = mac === null ? [] : (running.get(mac.toLowerCase()) ?? []);
    const other = others.find(({ ref }) => ref !== own?.ref);
    if (other !== undefined) throw refused(`${other.name} runs in the pool with its address ${mac}`);
  }
  return own ?? null;
}

function targetSteps(target: Prospect['target']): string[] {
  if (target === null) return [];
  const { name, powerState } = target.vm;
  const lock = `target: lock ${name}, so that nobody starts it; it is kept`;
  return powerState === 'Halted' ? [lock] : [`target: shut down ${name} (${powerState.toLowerCase()})`, lock];
}

function sourceSteps(changes: readonly SourceChangeRecord[]): string[] {
  const steps = new Set(changes.toReversed().map(({ kind }) => `source: ${TAKING_BACK[kind]}`));
  return steps.size === 0 ? ['source: nothing, it is as it was'] : [...steps];
}

function warningOf(destination: PoolDestination | null, target: Prospect['target']): string {
  if (destination === null) {
    return 'What was made of its files elsewhere has to be off: two machines with the same addresses get into each other’s way.';
  }
  if (target === null) return 'Its VM is not in the pool any more.';
  return 'What was written in the pool since the move is not brought back; it stays on the disks there.';
}
