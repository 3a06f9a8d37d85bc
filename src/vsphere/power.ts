import { z } from 'zod';
import { XenferryError } from '../model/errors.js';
import { retrieveOne } from './retrieve.js';
import { runTask, type TaskWatching } from './tasks.js';
import type { Ref } from './vim-value.js';
import type { VsphereCallOptions, VsphereClient } from './vsphere-client.js';
import { watchUpdates } from './watch-updates.js';

const POWER_STATE = z.enum(['poweredOn', 'poweredOff', 'suspended']);
export type PowerState = z.output<typeof POWER_STATE>;

const PROPERTY = 'runtime.powerState';

/** Rejects as `VsphereClient.call` does. Needs System.Read. */
export async function powerState(
  client: VsphereClient,
  machine: Ref,
  options: Pick<VsphereCallOptions, 'signal'> = {},
): Promise<PowerState> {
  const state = POWER_STATE.safeParse((await retrieveOne(client, machine, [PROPERTY], options))[PROPERTY]);
  if (state.success) return state.data;
  throw new XenferryError('VSPHERE_PROTOCOL', `${machine.value} has no usable power state`, {
    file: client.shown,
  });
}

/** Rejects as `runTask` does. Needs VirtualMachine.Interact.PowerOn. */
export async function powerOn(
  client: VsphereClient,
  machine: Ref,
  watching: TaskWatching = {},
): Promise<void> {
  await runTask(client, 'PowerOnVM_Task', machine, {}, watching);
}

/** Pulls the plug. Rejects as `runTask` does. Needs VirtualMachine.Interact.PowerOff. */
export async function powerOff(
  client: VsphereClient,
  machine: Ref,
  watching: TaskWatching = {},
): Promise<void> {
  await runTask(client, 'PowerOffVM_Task', machine, {}, watching);
}

/**
 * Asks the guest to shut down, and does not wait for it. Rejects as `VsphereClient.call` does, with the fault
 * ToolsUnavailable where nobody in the guest hears it. Needs VirtualMachine.Interact.PowerOff.
 */
export async function shutdownGuest(
  client: VsphereClient,
  machine: Ref,
  options: Pick<VsphereCallOptions, 'signal'> = {},
): Promise<void> {
  await client.call('ShutdownGuest', machine, {}, options);
}

/**
 * Whether a machine comes to a power state within so many milliseconds. Rejects as `VsphereClient.call` does.
 * Needs System.Read.
 */
export async function waitForPowerState(
  client: VsphereClient,
  machine: Ref,
  wanted: PowerState,
  { milliseconds, signal }: { readonly milliseconds: number; readonly signal?: AbortSignal | undefined },
): Promise<boolean> {
  const end = performance.now() + milliseconds;
  const query = { objects: [machine], properties: [PROPERTY] };
  const waitSeconds = Math.min(Math.ceil(milliseconds / 1_000), 1);
  for await (const { objects } of watchUpdates(client, [query], { signal, waitSeconds })) {
    if (objects.some(({ properties }) => properties[PROPERTY] === wanted)) return true;
    if (performance.now() >= end) break;
  }
  return false;
}
