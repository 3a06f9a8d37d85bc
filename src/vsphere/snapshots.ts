import { XenferryError } from '../model/errors.js';
import { runTask, type TaskWatching } from './tasks.js';
import { REF } from './vim-schemas.js';
import type { Ref } from './vim-value.js';
import type { VsphereClient } from './vsphere-client.js';

export interface SnapshotSettings {
  readonly name: string;
  readonly description: string;
  /** Asks the guest's tools to have its file systems written out. */
  readonly quiesce: boolean;
  /** Keeps the memory of a running machine as well. */
  readonly memory: boolean;
}

/** Takes a snapshot of a machine. Rejects as `runTask` does. Needs VirtualMachine.State.CreateSnapshot. */
export async function createSnapshot(
  client: VsphereClient,
  machine: Ref,
  { name, description, memory, quiesce }: SnapshotSettings,
  watching: TaskWatching = {},
): Promise<Ref> {
  const parameters = { name, description, memory, quiesce };
  const snapshot = REF.safeParse(await runTask(client, 'CreateSnapshot_Task', machine, parameters, watching));
  if (snapshot.success) return snapshot.data;
  throw new XenferryError('VSPHERE_PROTOCOL', 'CreateSnapshot_Task: the result is no snapshot', {
    file: client.shown,
  });
}

/**
 * Removes a snapshot; those taken after it stay, and what its disks hold is merged. Rejects as `runTask` does.
 * Needs VirtualMachine.State.RemoveSnapshot.
 */
export async function removeSnapshot(
  client: VsphereClient,
  snapshot: Ref,
  watching: TaskWatching = {},
): Promise<void> {
  await runTask(
    client,
    'RemoveSnapshot_Task',
    snapshot,
    { removeChildren: false, consolidate: true },
    watching,
  );
}

/**
 * Merges layers that a removal has left behind (`runtime.consolidationNeeded`). Rejects as `runTask` does.
 * Needs VirtualMachine.State.RemoveSnapshot.
 */
export async function consolidateDisks(
  client: VsphereClient,
  machine: Ref,
  watching: TaskWatching = {},
): Promise<void> {
  await runTask(client, 'ConsolidateVMDisks_Task', machine, {}, watching);
}
