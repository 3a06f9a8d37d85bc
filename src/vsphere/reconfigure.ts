import { runTask, type TaskWatching } from './tasks.js';
import { anyString, type Ref, type VimArgument } from './vim-value.js';
import type { VsphereClient } from './vsphere-client.js';

/** What is changed of a machine's settings; what is left out stays as it is. */
export interface MachineChanges {
  /** Its notes. Needs VirtualMachine.Config.Annotation. */
  readonly annotation?: string | undefined;
  /** Settings by key (`extraConfig`); an empty one removes the key. Needs VirtualMachine.Config.AdvancedConfig. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /**
   * Whether changed blocks are tracked; it takes effect with the next snapshot or start. Needs
   * VirtualMachine.Config.ChangeTracking.
   */
  readonly changeTracking?: boolean | undefined;
}

/** Rejects as `runTask` does; for the privileges see what is changed. */
export async function reconfigureMachine(
  client: VsphereClient,
  machine: Ref,
  { annotation, settings = {}, changeTracking }: MachineChanges,
  watching: TaskWatching = {},
): Promise<void> {
  const extraConfig = Object.entries(settings).map(
    ([key, value]): VimArgument => ({ _type: 'OptionValue', key, value: anyString(value) }),
  );
  const spec = { annotation, extraConfig, changeTrackingEnabled: changeTracking };
  await runTask(client, 'ReconfigVM_Task', machine, { spec }, watching);
}

/** Gives a machine another name; its files keep theirs. Rejects as `runTask` does. Needs VirtualMachine.Config.Rename. */
export async function renameMachine(
  client: VsphereClient,
  machine: Ref,
  newName: string,
  watching: TaskWatching = {},
): Promise<void> {
  await runTask(client, 'Rename_Task', machine, { newName }, watching);
}
