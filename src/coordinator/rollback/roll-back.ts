import type { BatchRecord, JobRecord, Ledger } from '../../ledger/index.js';
import { readDestination } from '../../model/destination.js';
import { toXenferryError, XenferryError } from '../../model/errors.js';
import type { PlannedMachine } from '../../model/plan.js';
import { haltVm } from '../../targets/xapi-pool/index.js';
import { inLanes } from '../lanes.js';
import { undoChanges } from '../live/change-source.js';
import { type Prospect, prospectOf } from './prospect.js';
import { type Patience, TwoSides } from './two-sides.js';

/** Machines at a time: guests take their time to shut down. */
const LANES = 4;

export interface RollbackWish {
  readonly batch: BatchRecord;
  /** Names or ids of machines; none: all that were moved from a vCenter or an ESXi host. */
  readonly machines: readonly string[];
  /** False: says what would be done, and changes nothing. */
  readonly act: boolean;
  /** Pulls the plug of VMs whose guest does not shut down, and takes machines back whose days are over. */
  readonly force: boolean;
  readonly signal: AbortSignal;
  readonly patience?: Patience | undefined;
}

export interface RollbackOutcome {
  readonly name: string;
  readonly machineId: string;
  /** `ready`: it could be taken back. `refused`: nothing was changed. `failed`: part of it may be done; it can be gone on with. */
  readonly state: 'ready' | 'rolledBack' | 'refused' | 'failed';
  /** What is done, or would be. */
  readonly steps: readonly string[];
  readonly warnings: readonly string[];
  readonly reason: XenferryError | null;
}

/**
 * Takes machines back to where they were before their move: the VM in the pool is shut down, locked and kept, what was
 * done at the source is undone, and a machine that ran there is started. One that was begun by a process that has died
 * is gone on with. Rejects with USAGE for a machine that there is not, TARGET_BUSY, LEDGER_*; what stands against a
 * machine is in its outcome.
 */
export async function rollBack(ledger: Ledger, wish: RollbackWish): Promise<RollbackOutcome[]> {
  const { batch, act } = wish;
  // A run must not move what is taken back.
  const lock = act ? await ledger.lockTarget(batch.target) : null;
  const sides = new TwoSides(wish.patience ?? {});
  try {
    const jobs = wantedJobs(await ledger.jobs(batch.id), wish.machines);
    const outcomes = new Map<number, RollbackOutcome>();
    await inLanes(jobs, act ? LANES : 1, async (job) => {
      outcomes.set(job.id, await outcomeOf(ledger, sides, job, wish));
    });
    return jobs.flatMap(({ id }) => outcomes.get(id) ?? []);
  } finally {
    await sides.close();
    await lock?.release();
  }
}

function wantedJobs(jobs: readonly JobRecord[], machines: readonly string[]): JobRecord[] {
  if (machines.length === 0) return jobs.filter(isMovedLive);
  const wanted = new Set(machines);
  const found = jobs.filter(({ machineId, name }) => wanted.has(machineId) || wanted.has(name ?? ''));
  for (const { machineId, name } of found) {
    wanted.delete(machineId);
    wanted.delete(name ?? '');
  }
  const [unknown] = wanted;
  if (unknown === undefined) return found;
  throw new XenferryError('USAGE', `no machine is called ${unknown}`);
}

function isMovedLive({ state, rollback, planned }: JobRecord): boolean {
  if (state !== 'done' && rollback !== 'begun') return false;
  const machine: PlannedMachine | null = JSON.parse(planned);
  return (machine?.live ?? null) !== null;
}

async function outcomeOf(
  ledger: Ledger,
  sides: TwoSides,
  job: JobRecord,
  { batch, act, force, signal }: RollbackWish,
): Promise<RollbackOutcome> {
  const { machineId, name } = job;
  const nothing = { name: name ?? machineId, machineId, steps: [], warnings: [] };
  const place = readDestination(batch.destination);
  const destination = place.kind === 'pool' ? place : null;
  let prospect: Prospect;
  try {
    signal.throwIfAborted();
    prospect = await prospectOf(ledger, sides, job, { destination, force });
  } catch (error) {
    return { ...nothing, state: 'refused', reason: toXenferryError(error) };
  }
  const { steps, warnings } = prospect;
  const told = { ...nothing, steps, warnings };
  if (!act) return { ...told, state: 'ready', reason: null };
  try {
    await haltTarget(sides, prospect, force, signal);
  } catch (error) {
    return { ...told, state: 'refused', reason: toXenferryError(error) };
  }
  try {
    await takeBack(ledger, sides, prospect);
    return { ...told, state: 'rolledBack', reason: null };
  } catch (error) {
    return { ...told, state: 'failed', reason: toXenferryError(error) };
  }
}

async function haltTarget(
  sides: TwoSides,
  { target, live }: Prospect,
  force: boolean,
  signal: AbortSignal,
): Promise<void> {
  if (target === null) return;
  const { seconds } = live.shutDown;
  await haltVm(await sides.pool(target.pool), target.vm.ref, { seconds, force, signal });
}

/** To its end, whatever is wished meanwhile: half of it is no state for a machine. */
async function takeBack(ledger: Ledger, sides: TwoSides, prospect: Prospect): Promise<void> {
  const { job, live, changes, target } = prospect;
  await ledger.rollbacks.begin(job.id);
  const client = await sides.source(live.server);
  const machine = { type: 'VirtualMachine', value: live.objectId };
  const left = await undoChanges({ client, machine, changes: ledger.sourceChanges }, changes);
  if (left.length > 0) {
    throw new XenferryError('VSPHERE_FAULT', left.join('; '), { file: client.shown });
  }
  await ledger.rollbacks.finish(job.id, noteOf(target));
}

function noteOf(target: Prospect['target']): string {
  const day = new Date().toISOString().slice(0, 16).replace('T', ' ');
  const kept =
    target === null ? '' : ` What it was moved to is kept, shut down and locked: ${target.vm.name}.`;
  return `Rolled back at ${day} UTC: the machine is at its source as it was before the move.${kept}`;
}
