import { z } from 'zod';
import { pauseAfter } from '../../io/retry-pauses.js';
import type { SourceChangeRecord, SourceChanges } from '../../ledger/index.js';
import { pauseFor } from '../../model/abort.js';
import { XenferryError } from '../../model/errors.js';
import type { PlannedLive, SourceChange } from '../../model/live.js';
import {
  connectNics,
  consolidateDisks,
  createSnapshot,
  isVsphereFault,
  nicConnections,
  powerOff,
  powerOn,
  type Ref,
  reconfigureMachine,
  removeSnapshot,
  renameMachine,
  shutdownGuest,
  type VsphereClient,
  waitForPowerState,
} from '../../vsphere/index.js';
import { readSourceMachine } from './source-machine.js';
import { tasksInFlight } from './tasks-in-flight.js';

/** A machine that something is done to at the source. */
export interface ChangedMachine {
  readonly client: VsphereClient;
  readonly machine: Ref;
  readonly live: PlannedLive;
  readonly changes: SourceChanges;
  /** In the ledger. */
  readonly jobId: number;
  /** Names what is made there: whose it is. */
  readonly mark: string;
}

/** Milliseconds that a guest which was asked to shut down gets for it when nobody wants that any more. */
const GOING_DOWN = 60_000;
/** Milliseconds after which a guest that was asked to shut down surely has not heard it. */
const RECENT = 15 * 60_000;

/** Milliseconds between two questions to a guest that starts. */
const ASKING_AGAIN = 5_000;

const NICS = z.array(z.object({ key: z.number(), startConnected: z.boolean(), connected: z.boolean() }));

/**
 * Takes a snapshot with the disks at rest as far as the guest's tools can bring that about. Rejects as `createSnapshot`
 * does, PLAN_SOURCE_CHANGE.
 */
export async function takeSnapshot(at: ChangedMachine, signal: AbortSignal): Promise<Ref> {
  const { client, machine, mark } = at;
  const name = `${mark} ${Date.now()}`;
  const description = 'Taken by Xenferry to read the disks; it is removed when that is done.';
  const settings = { name, description, memory: false };
  return await change(at, 'snapshot', { name }, async () => {
    try {
      return await createSnapshot(client, machine, { ...settings, quiesce: true }, { signal });
    } catch (error) {
      // No tools, or none that can: the disks are as after a power failure, which file systems are made for.
      if (!isVsphereFault(error, 'ToolsUnavailable', 'ApplicationQuiesceFault', 'FilesystemQuiesceFault'))
        throw error;
      return await createSnapshot(client, machine, { ...settings, quiesce: false }, { signal });
    }
  });
}

/** Has the server track which blocks change. Rejects as `reconfigureMachine` does, PLAN_SOURCE_CHANGE. */
export async function trackChanges(at: ChangedMachine, signal: AbortSignal): Promise<void> {
  await change(at, 'changeTracking', {}, () =>
    reconfigureMachine(at.client, at.machine, { changeTracking: true }, { signal }),
  );
}

/**
 * Has the guest shut down, and where that takes too long and the plan says so, pulls the plug. Rejects with
 * VSPHERE_SHUTDOWN, PLAN_SOURCE_CHANGE, or as `shutdownGuest` does.
 */
export async function shutDown(at: ChangedMachine, signal: AbortSignal): Promise<void> {
  const { client, machine, live } = at;
  const { seconds, otherwise } = live.shutDown;
  const reason = await change(at, 'shutDown', {}, async () => {
    if (!(await askGuest(at, signal))) return 'no VMware Tools answer in the guest';
    const milliseconds = seconds * 1000;
    const isOff = await waitForPowerState(client, machine, 'poweredOff', { milliseconds, signal });
    return isOff ? null : `the guest was still running after ${seconds} s`;
  });
  if (reason === null) return;
  if (otherwise === 'fail') throw new XenferryError('VSPHERE_SHUTDOWN', reason, { file: client.shown });
  await change(at, 'powerOff', {}, async () => {
    try {
      await powerOff(client, machine, { signal });
    } catch (error) {
      // It went down by itself at last.
      if (!isVsphereFault(error, 'InvalidPowerState')) throw error;
    }
  });
}

/** Whether the guest's tools have heard that it is to shut down. */
async function askGuest(at: ChangedMachine, signal: AbortSignal): Promise<boolean> {
  const { client, machine, live, changes, jobId } = at;
  // One that was started a moment ago, after an earlier run, has none yet.
  const startedAt = Math.max(
    0,
    ...(await changes.ofJob(jobId)).map(({ kind, undoneAt }) =>
      kind === 'shutDown' || kind === 'powerOff' ? (undoneAt ?? 0) : 0,
    ),
  );
  for (;;) {
    try {
      await shutdownGuest(client, machine, { signal });
      return true;
    } catch (error) {
      // It has gone down by itself.
      if (isVsphereFault(error, 'InvalidPowerState')) return true;
      if (!isVsphereFault(error, 'ToolsUnavailable')) throw error;
      if (Date.now() - startedAt > live.shutDown.seconds * 1000) return false;
    }
    await pauseFor(ASKING_AGAIN * client.patience.pauseScale, signal);
  }
}

/** What the plan wants done with a machine that has moved, once. Rejects as the calls do, PLAN_SOURCE_CHANGE. */
export async function leaveBehind(at: ChangedMachine, signal: AbortSignal): Promise<void> {
  const { client, machine, live, changes, jobId } = at;
  const { rename, disconnect } = live.afterwards;
  if (rename === null && !disconnect) return;
  const done = (await changes.ofJob(jobId)).flatMap(({ kind, madeAt, undoneAt }) =>
    madeAt === null || undoneAt !== null ? [] : [kind],
  );
  if (disconnect && !done.includes('disconnect')) {
    const nics = await nicConnections(client, machine, { signal });
    const cut = nics.map(({ key }) => ({ key, startConnected: false, connected: false }));
    await change(at, 'disconnect', { nics }, () => connectNics(client, machine, cut, { signal }));
  }
  if (rename === null || done.includes('rename')) return;
  const { name } = await readSourceMachine(client, machine, signal);
  if (name !== rename) {
    await change(at, 'rename', { name }, () => renameMachine(client, machine, rename, { signal }));
  }
}

/**
 * Takes back what was done, the last first; what the server does not have (any more) is taken for undone. Tries again what
 * fails. Returns what could not be taken back, one sentence each.
 */
export async function undoChanges(
  at: Pick<ChangedMachine, 'client' | 'machine' | 'changes'>,
  records: readonly SourceChangeRecord[],
): Promise<string[]> {
  const left: string[] = [];
  const standing = records.filter(({ undoneAt }) => undoneAt === null);
  const pulled = standing.some(({ kind }) => kind === 'powerOff');
  for (const record of standing.toReversed()) {
    try {
      // Its guest has been started anew by then.
      const isMoot = record.kind === 'shutDown' && pulled;
      const note = isMoot ? null : await undoAtLast(at, record);
      if (note !== null) left.push(note);
      await at.changes.undone(record.id);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      left.push(`${UNDOING[record.kind]} at the source failed: ${reason}`);
    }
  }
  return left;
}

async function undoAtLast(
  { client, machine }: Pick<ChangedMachine, 'client' | 'machine'>,
  record: SourceChangeRecord,
): Promise<string | null> {
  for (let attempt = 1; ; attempt++) {
    try {
      // Nobody knows whether it was made, or is being made.
      if (record.madeAt === null) await tasksInFlight(client, machine);
      return await undo(client, machine, record);
    } catch (error) {
      const pause = pauseAfter(attempt, client.patience.pauseScale);
      if (pause === null || !isPassing(error)) throw error;
      await pauseFor(pause);
    }
  }
}

/** What another attempt may not meet. */
function isPassing(error: unknown): boolean {
  if (isVsphereFault(error, 'NotAuthenticated', 'TaskInProgress', 'InvalidState', 'InvalidPowerState'))
    return true;
  return error instanceof XenferryError && error.code === 'VSPHERE_UNREACHABLE';
}

const UNDOING: Readonly<Record<SourceChange, string>> = {
  snapshot: 'removing a snapshot',
  changeTracking: 'turning off the tracking of changes',
  shutDown: 'starting the machine again',
  powerOff: 'starting the machine again',
  rename: 'giving the machine its name back',
  disconnect: 'connecting the network cards again',
};

/** Resolves with what is to be told of it. */
async function undo(client: VsphereClient, machine: Ref, record: SourceChangeRecord): Promise<string | null> {
  const { kind, before } = record;
  const told: Readonly<Record<string, unknown>> = JSON.parse(before);
  const { snapshots, powerState, changeTracking, name } = await readSourceMachine(client, machine);
  switch (kind) {
    case 'snapshot': {
      const ours = snapshots.filter((snapshot) => snapshot.name === told.name);
      for (const { ref } of ours) await removeSnapshot(client, ref);
      if (ours.length > 0) await mergeLayers(client, machine);
      break;
    }
    case 'changeTracking':
      if (changeTracking) await reconfigureMachine(client, machine, { changeTracking: false });
      break;
    case 'shutDown':
      if (powerState === 'poweredOff' || (await goesDownYet(client, machine, record)))
        await powerOn(client, machine);
      else if (isRecent(record)) return 'the guest was asked to shut down and still runs; it may go down yet';
      break;
    case 'powerOff':
      if (powerState === 'poweredOff') await powerOn(client, machine);
      break;
    case 'rename':
      if (typeof told.name === 'string' && name !== told.name)
        await renameMachine(client, machine, told.name);
      break;
    case 'disconnect':
      await connectNics(client, machine, NICS.parse(told.nics));
  }
  return null;
}

/** A snapshot that is gone may leave its layers behind, where a backup or a reader had them locked. */
async function mergeLayers(client: VsphereClient, machine: Ref): Promise<void> {
  const { consolidationNeeded } = await readSourceMachine(client, machine);
  if (consolidationNeeded) await consolidateDisks(client, machine);
}

/** A guest cannot be asked to stay after all: it goes down first, if it does so soon. */
async function goesDownYet(
  client: VsphereClient,
  machine: Ref,
  record: SourceChangeRecord,
): Promise<boolean> {
  if (record.madeAt !== null || !isRecent(record)) return false;
  const milliseconds = GOING_DOWN * client.patience.pauseScale;
  return await waitForPowerState(client, machine, 'poweredOff', { milliseconds });
}

function isRecent({ begunAt }: SourceChangeRecord): boolean {
  return Date.now() - begunAt < RECENT;
}

/** Writes down what is about to be done, does it, and writes that it was done. */
async function change<T>(
  { live, changes, jobId, client }: ChangedMachine,
  kind: SourceChange,
  before: object,
  action: () => Promise<T>,
): Promise<T> {
  if (!live.allow.includes(kind)) {
    throw new XenferryError('PLAN_SOURCE_CHANGE', `the plan does not allow it at the source: ${kind}`);
  }
  await refuseUnlisted({ live, changes, jobId, client }, kind);
  const id = await changes.begin({ jobId, kind, before: JSON.stringify(before) });
  const result = await action();
  await changes.made(id);
  return result;
}

/** What an earlier run has done and undone was listed in its plan: by then the machine was as it is now. */
async function refuseUnlisted(
  { live, changes, jobId, client }: Pick<ChangedMachine, 'live' | 'changes' | 'jobId' | 'client'>,
  kind: SourceChange,
): Promise<void> {
  if (live.changes.includes(kind)) return;
  if ((await changes.ofJob(jobId)).some((record) => record.kind === kind)) return;
  throw new XenferryError(
    'SOURCE_CHANGED',
    `the machine is not as it was when the plan was made: to move it takes ${kind} at the source, which the plan does not list`,
    { file: client.shown, hint: 'Run it again, so that it is planned as it is now.' },
  );
}
