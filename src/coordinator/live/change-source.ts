import { z } from 'zod';
import type { SourceChangeRecord, SourceChanges } from '../../ledger/index.js';
import { XenferryError } from '../../model/errors.js';
import type { PlannedLive, SourceChange } from '../../model/live.js';
import {
  connectNics,
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
    try {
      await shutdownGuest(client, machine, { signal });
    } catch (error) {
      if (isVsphereFault(error, 'ToolsUnavailable')) return 'no VMware Tools answer in the guest';
      throw error;
    }
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

/** What the plan wants done with a machine that has moved. Rejects as the calls do, PLAN_SOURCE_CHANGE. */
export async function leaveBehind(at: ChangedMachine, signal: AbortSignal): Promise<void> {
  const { client, machine, live } = at;
  const { rename, disconnect } = live.afterwards;
  if (disconnect) {
    const nics = await nicConnections(client, machine, { signal });
    const cut = nics.map(({ key }) => ({ key, startConnected: false, connected: false }));
    await change(at, 'disconnect', { nics }, () => connectNics(client, machine, cut, { signal }));
  }
  if (rename === null) return;
  const { name } = await readSourceMachine(client, machine, signal);
  if (name !== rename) {
    await change(at, 'rename', { name }, () => renameMachine(client, machine, rename, { signal }));
  }
}

/**
 * Takes back what was done, the last first; what the server does not have (any more) is taken for undone. Returns what
 * could not be taken back, one sentence each.
 */
export async function undoChanges(
  { client, machine, changes }: Pick<ChangedMachine, 'client' | 'machine' | 'changes'>,
  records: readonly SourceChangeRecord[],
): Promise<string[]> {
  const left: string[] = [];
  for (const record of records.filter(({ undoneAt }) => undoneAt === null).toReversed()) {
    try {
      await undo(client, machine, record);
      await changes.undone(record.id);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      left.push(`${UNDOING[record.kind]} at the source failed: ${reason}`);
    }
  }
  return left;
}

const UNDOING: Readonly<Record<SourceChange, string>> = {
  snapshot: 'removing a snapshot',
  changeTracking: 'turning off the tracking of changes',
  shutDown: 'starting the machine again',
  powerOff: 'starting the machine again',
  rename: 'giving the machine its name back',
  disconnect: 'connecting the network cards again',
};

async function undo(
  client: VsphereClient,
  machine: Ref,
  { kind, before }: SourceChangeRecord,
): Promise<void> {
  const told: Readonly<Record<string, unknown>> = JSON.parse(before);
  const { snapshots, powerState, changeTracking, name } = await readSourceMachine(client, machine);
  switch (kind) {
    case 'snapshot': {
      const ours = snapshots.filter((snapshot) => snapshot.name === told.name);
      for (const { ref } of ours) await removeSnapshot(client, ref);
      return;
    }
    case 'changeTracking':
      if (changeTracking) await reconfigureMachine(client, machine, { changeTracking: false });
      return;
    case 'shutDown':
    case 'powerOff':
      if (powerState === 'poweredOff') await powerOn(client, machine);
      return;
    case 'rename':
      if (typeof told.name === 'string' && name !== told.name)
        await renameMachine(client, machine, told.name);
      return;
    case 'disconnect':
      await connectNics(client, machine, NICS.parse(told.nics));
  }
}

/** Writes down what is about to be done, does it, and writes that it was done. */
async function change<T>(
  { live, changes, jobId }: ChangedMachine,
  kind: SourceChange,
  before: object,
  action: () => Promise<T>,
): Promise<T> {
  if (!live.allow.includes(kind)) {
    throw new XenferryError('PLAN_SOURCE_CHANGE', `the plan does not allow it at the source: ${kind}`);
  }
  const id = await changes.begin({ jobId, kind, before: JSON.stringify(before) });
  const result = await action();
  await changes.made(id);
  return result;
}
