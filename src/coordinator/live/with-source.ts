import { isToUndo } from '../../ledger/index.js';
import { toXenferryError, XenferryError } from '../../model/errors.js';
import type { SourceChange } from '../../model/live.js';
import type { Delivery, MoveEnd } from '../delivery.js';
import type { BatchContext, ClaimedJob } from '../job.js';
import { type ChangedMachine, leaveBehind, shutDown, takeSnapshot, undoChanges } from './change-source.js';
import { keepEvidence } from './evidence.js';
import { type Deliver, moveDisks } from './move-disks.js';
import { reachSource } from './reach-source.js';
import { refuseFullDatastores, refuseUnusable, wasStarted } from './refuse-source.js';
import { withDiskPlaces, withSnapshotPlaces } from './source-limits.js';
import { readSnapshotDisks, readSourceMachine, type SourceMachine } from './source-machine.js';
import { SourcePlaces } from './source-places.js';
import { versionOf } from './source-version.js';
import { WarmSource } from './warm-source.js';

/** What stays when a machine has moved: it must not run twice. */
const STAYS: readonly SourceChange[] = ['shutDown', 'powerOff', 'rename', 'disconnect'];
/** Milliseconds for what is done with a machine that has moved when nobody waits for it any more. */
const LAST_STEPS = 120_000;

/**
 * Brings a machine that still is in VMware's hands into the state in which its disks can be read, has it moved, and takes
 * back what was done to it; what the plan leaves behind stays, and while it is on its way so does the tracking of its changes.
 * One that lies in files is moved as it is. Rejects as `Delivery.deliver` does, with VSPHERE_*, SOURCE_CHANGED.
 */
export async function withSource(
  context: BatchContext,
  job: ClaimedJob,
  delivery: Delivery,
): Promise<MoveEnd> {
  const { live } = job.planned;
  if (live === null) {
    await delivery.deliver(job, context);
    return 'moved';
  }
  const at = await reachSource(context, job, live);
  // What was moved while it ran is of no use when it is moved otherwise now.
  if (live.move !== 'warm' && (await isOnItsWay(job))) await job.held.reset();
  // What a killed run has left there.
  await takeBack(at, job);
  // Nothing is shut down for what cannot be brought there.
  await delivery.check(job);
  await keepEvidence(context, job, at);
  const places = new SourcePlaces(context.ledger.places, job.held);
  const signal = AbortSignal.any([context.signal, places.lost]);
  try {
    if ((await moveFrom({ ...context, signal }, job, { ...at, places }, delivery)) === 'waits') {
      await takeBack(at, job);
      return 'waits';
    }
  } catch (error) {
    // Without the job's signal: it may be what has ended the work.
    await takeBack(at, job);
    // What failed because of that says less.
    if (!context.signal.aborted) places.lost.throwIfAborted();
    throw error;
  }
  await leaveSource(at, job);
  return 'moved';
}

/** Ends what is to be done at the source of a machine that is there already: a killed run may not have come to it. */
export async function settleSource(context: BatchContext, job: ClaimedJob): Promise<void> {
  const { live } = job.planned;
  if (live === null) return;
  const { rename, disconnect } = live.afterwards;
  const known = await context.ledger.sourceChanges.ofJob(job.record.id);
  const wanted = job.record.state !== 'done' && (rename !== null || disconnect);
  await job.held.warm.arrived();
  if (wanted || known.some(isToUndo)) await leaveSource(await reachSource(context, job, live), job);
}

/** A machine with its job's places beside others at the source. */
interface PlacedMachine extends ChangedMachine {
  readonly places: SourcePlaces;
}

/** The machine has moved: what went wrong from here on is told, and costs nothing of it. */
async function leaveSource(at: ChangedMachine, job: ClaimedJob): Promise<void> {
  await at.changes.keep(at.jobId, STAYS);
  try {
    await leaveBehind(at, AbortSignal.timeout(LAST_STEPS));
  } catch (error) {
    const { message } = toXenferryError(error);
    await job.held.addNotes([`the machine has moved, but was not left at the source as planned: ${message}`]);
  }
  await at.changes.keep(at.jobId, STAYS);
  await takeBack(at, job);
}

async function takeBack(at: ChangedMachine, job: ClaimedJob): Promise<void> {
  const { held } = job;
  // What another run of the job is doing there by now is none of ours.
  await held.check();
  const isTracked = await isOnItsWay(job);
  const changes = (await at.changes.ofJob(at.jobId)).filter(isToUndo);
  const unwanted = changes.filter(({ kind }) => !(isTracked && kind === 'changeTracking'));
  await held.addNotes(await undoChanges(at, unwanted));
}

/** Whether a later run goes on with what is at the target. */
async function isOnItsWay({ held }: ClaimedJob): Promise<boolean> {
  return (await held.warm.disks()).length > 0;
}

async function moveFrom(
  context: BatchContext,
  job: ClaimedJob,
  at: PlacedMachine,
  delivery: Delivery,
): Promise<MoveEnd> {
  const { signal } = context;
  const { client, live, places } = at;
  const deliver: Deliver = (placed) => delivery.deliver(placed, context);
  const before = await readSourceMachine(client, at.machine, signal);
  await refuseUnusable(client, before, live.move, signal);
  // One that was shut down on its way needs its last changes moved.
  if (live.move === 'warm' && (before.powerState === 'poweredOn' || (await isOnItsWay(job)))) {
    if (delivery.deliverWarm === null) {
      throw new XenferryError('CONFIG_INVALID', 'only into a pool can a machine be moved while it runs');
    }
    return await delivery.deliverWarm.move(job, context, new WarmSource(at, job, places, signal));
  }
  await withDiskPlaces({ client, places, signal }, before, async () => {
    if (live.move === 'copy' && before.powerState !== 'poweredOff') {
      return await moveSnapshot(context, job, at, before, deliver);
    }
    // It may have waited long.
    const { powerState } = await readSourceMachine(client, at.machine, signal);
    if (powerState !== 'poweredOff') await shutDown(at, signal);
    const atRest = await readSourceMachine(client, at.machine, signal);
    await forgetOtherVersion(job, await versionOf(at, job, atRest));
    await moveDisks(context, job, at, at.machine, atRest.disks, deliver);
    const after = await readSourceMachine(client, at.machine, signal);
    if (after.powerState !== 'poweredOff') throw wasStarted(at);
  });
  return 'moved';
}

/** The machine goes on while a snapshot of it is moved. */
async function moveSnapshot(
  context: BatchContext,
  job: ClaimedJob,
  at: PlacedMachine,
  machine: SourceMachine,
  deliver: Deliver,
): Promise<void> {
  const { signal } = context;
  await withSnapshotPlaces({ ...at, signal }, machine, async () => {
    await refuseFullDatastores(at.client, machine, signal);
    // Blocks of an earlier snapshot are not those of this one.
    await job.held.reset();
    try {
      const snapshot = await takeSnapshot(at, signal);
      const disks = await readSnapshotDisks(at.client, snapshot, signal);
      await moveDisks(context, job, at, snapshot, disks, deliver);
    } finally {
      // As long as it stands, it has its place.
      await takeBack(at, job);
    }
  });
}

/** What an earlier run has read of other files is of no use. */
async function forgetOtherVersion({ held }: ClaimedJob, version: string): Promise<void> {
  if ((await held.sourceVersion()) === version) return;
  await held.reset();
  await held.setSourceVersion(version);
}
