import { createHash } from 'node:crypto';
import { XenferryError } from '../../model/errors.js';
import type { PlannedLive } from '../../model/live.js';
import { datastoreFolder, type Ref, type VsphereClient } from '../../vsphere/index.js';
import type { Delivery } from '../delivery.js';
import type { BatchContext, ClaimedJob } from '../job.js';
import { type ChangedMachine, leaveBehind, shutDown, takeSnapshot, undoChanges } from './change-source.js';
import { exportedDisks } from './exported-disks.js';
import { placedDisks, withDisks } from './placed-disks.js';
import {
  readSnapshotDisks,
  readSourceMachine,
  type SourceDisk,
  type SourceMachine,
} from './source-machine.js';
import { WarmSource } from './warm-source.js';

/** Brings the machine there whose disks lie where the job says now. */
type Deliver = (job: ClaimedJob) => Promise<void>;

/**
 * Brings a machine that still is in VMware's hands into the state in which its disks can be read, has it moved, and takes
 * back what was done to it; what the plan leaves behind stays. One that lies in files is moved as it is. Rejects as
 * `Delivery.deliver` does, with VSPHERE_*, SOURCE_CHANGED.
 */
export async function withSource(context: BatchContext, job: ClaimedJob, delivery: Delivery): Promise<void> {
  const { live } = job.planned;
  if (live === null) return await delivery.deliver(job, context);
  const at = await reachSource(context, job, live);
  // What a killed run has left there.
  await takeBack(at, job);
  try {
    await moveFrom(context, job, at, delivery);
    await leaveBehind(at, context.signal);
    await at.changes.keep(at.jobId);
  } catch (error) {
    // Without the job's signal: it may be what has ended the work.
    await takeBack(at, job);
    throw error;
  }
}

/** Rejects as `connectVsphere` does. */
export async function reachSource(
  { liveServers, ledger }: Pick<BatchContext, 'liveServers' | 'ledger'>,
  { record }: Pick<ClaimedJob, 'record'>,
  live: PlannedLive,
): Promise<ChangedMachine> {
  const identity = await ledger.identity();
  return {
    client: await liveServers.of(live.server),
    machine: { type: 'VirtualMachine', value: live.objectId },
    live,
    changes: ledger.sourceChanges,
    jobId: record.id,
    mark: `xenferry ${(identity ?? '').slice(0, 8)}-${record.id}`,
  };
}

async function takeBack(at: ChangedMachine, { held }: ClaimedJob): Promise<void> {
  await held.addNotes(await undoChanges(at, await at.changes.ofJob(at.jobId)));
}

async function moveFrom(
  context: BatchContext,
  job: ClaimedJob,
  at: ChangedMachine,
  delivery: Delivery,
): Promise<void> {
  const { signal, liveServers } = context;
  const { client, live, machine } = at;
  const before = await readSourceMachine(client, machine, signal);
  refuseUnreachable(client, before);
  const runs = before.powerState === 'poweredOn';
  const deliver: Deliver = (placed) => delivery.deliver(placed, context);
  if (live.move === 'warm' && runs) {
    if (delivery.deliverWarm === null) {
      throw new XenferryError('CONFIG_INVALID', 'only into a pool can a machine be moved while it runs');
    }
    return await delivery.deliverWarm(job, context, new WarmSource(at, job, liveServers, signal));
  }
  if (live.move === 'copy' && runs) {
    return await liveServers.withSnapshot(client, before, signal, () =>
      moveSnapshot(context, job, at, deliver),
    );
  }
  await liveServers.withDisks(client, before, signal, () => moveAtRest(context, job, at, before, deliver));
}

async function moveAtRest(
  context: BatchContext,
  job: ClaimedJob,
  at: ChangedMachine,
  { powerState }: SourceMachine,
  deliver: Deliver,
): Promise<void> {
  const { signal } = context;
  const { client, machine } = at;
  if (powerState !== 'poweredOff') await shutDown(at, signal);
  const atRest = await readSourceMachine(client, machine, signal);
  await forgetOtherVersion(job, await versionOf(at, job, atRest));
  await moveDisks(context, job, at, machine, atRest.disks, deliver);
  const after = await readSourceMachine(client, machine, signal);
  if (after.powerState === 'poweredOff') return;
  throw new XenferryError('SOURCE_CHANGED', 'the machine was started while its disks were read', {
    file: client.shown,
  });
}

/** The machine goes on while a snapshot of it is moved. */
async function moveSnapshot(
  context: BatchContext,
  job: ClaimedJob,
  at: ChangedMachine,
  deliver: Deliver,
): Promise<void> {
  const { signal } = context;
  // Blocks of an earlier snapshot are not those of this one.
  await job.held.reset();
  const snapshot = await takeSnapshot(at, signal);
  const disks = await readSnapshotDisks(at.client, snapshot, signal);
  await moveDisks(context, job, at, snapshot, disks, deliver);
  const stands = (await at.changes.ofJob(at.jobId)).filter(({ kind }) => kind === 'snapshot');
  await job.held.addNotes(await undoChanges(at, stands));
}

/** `source`: what may be exported, the machine or its snapshot. */
async function moveDisks(
  context: BatchContext,
  job: ClaimedJob,
  at: ChangedMachine,
  source: Ref,
  disks: readonly SourceDisk[],
  deliver: Deliver,
): Promise<void> {
  const places = placedDisks(job, disks, at);
  if (at.live.read === 'datastore') return await deliver(withDisks(job, places));
  await exportedDisks(context, { ...at, source, disks: places, jobId: job.record.id }, (staged) =>
    deliver(withDisks(job, staged)),
  );
}

/** Tells whether files that blocks were read from are still the same: their names, sizes and times of change. */
async function versionOf(
  { client }: ChangedMachine,
  job: ClaimedJob,
  { disks, datastores }: SourceMachine,
): Promise<string> {
  const folders = new Set(disks.map(({ file }) => `[${file.datastore}] ${folderOf(file.path)}`));
  const hash = createHash('sha256').update(JSON.stringify([job.fingerprint, disks]));
  for (const folder of [...folders].sort())
    hash.update(JSON.stringify(await filesIn(client, datastores, folder)));
  return hash.digest('hex');
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** Of the disks' folder, wherever it is. */
async function filesIn(client: VsphereClient, datastores: readonly Ref[], folder: string): Promise<unknown> {
  for (const datastore of datastores) {
    const entries = await datastoreFolder(client, datastore, folder).catch(() => null);
    if (entries === null) continue;
    return entries
      .filter(({ name }) => name.endsWith('.vmdk'))
      .map(({ name, length, modifiedAt }) => [name, length, modifiedAt])
      .sort();
  }
  // Nobody can tell: no two of them are the same.
  return Math.random();
}

/** What an earlier run has read of other files is of no use. */
async function forgetOtherVersion({ held }: ClaimedJob, version: string): Promise<void> {
  if ((await held.sourceVersion()) === version) return;
  await held.reset();
  await held.setSourceVersion(version);
}

function refuseUnreachable(client: VsphereClient, { connected, name }: SourceMachine): void {
  if (connected) return;
  throw new XenferryError('SOURCE_UNREADABLE', `${name}: its host is not connected to the vCenter`, {
    file: client.shown,
  });
}
