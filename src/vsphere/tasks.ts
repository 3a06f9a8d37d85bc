import { z } from 'zod';
import { XenferryError } from '../model/errors.js';
import type { Method } from './methods.js';
import { ANY_VALUE, WHOLE_NUMBER } from './vim-schemas.js';
import type { Ref, VimArgument, VimValue } from './vim-value.js';
import type { VsphereClient } from './vsphere-client.js';
import { LOCALIZED_FAULT, localizedFault } from './vsphere-fault.js';
import { watchUpdates } from './watch-updates.js';

/** Milliseconds that a task has for its end when it is cancelled, before it is left alone. */
const CANCEL_PATIENCE = 30_000;

/** `TaskInfo`, as far as it counts. */
const TASK_INFO = z.object({
  state: z.enum(['queued', 'running', 'success', 'error']),
  /** Percent. */
  progress: WHOLE_NUMBER.optional(),
  result: ANY_VALUE.optional(),
  error: LOCALIZED_FAULT.optional(),
});
type TaskInfo = z.output<typeof TASK_INFO>;

export type TaskMethod = Extract<Method, `${string}_Task`>;

export interface TaskWatching {
  /** Cancels the task. */
  readonly signal?: AbortSignal | undefined;
  /** From 0 to 1. */
  readonly onProgress?: ((progress: number) => void) | undefined;
}

/**
 * Does a call as a task of the server. Resolves with its result. Rejects with the VsphereFault that it ended with, with
 * CANCELED, or as `VsphereClient.call` does.
 */
export async function runTask(
  client: VsphereClient,
  method: TaskMethod,
  target: Ref,
  parameters: Readonly<Record<string, VimArgument>>,
  watching: TaskWatching = {},
): Promise<VimValue | undefined> {
  const task = await client.call(method, target, parameters, { signal: watching.signal });
  return await waitForTask(client, task, method, watching);
}

/** Waits for a task; `what` is for errors. Resolves and rejects as `runTask` does. */
async function waitForTask(
  client: VsphereClient,
  task: Ref,
  what: string,
  { signal, onProgress }: TaskWatching = {},
): Promise<VimValue | undefined> {
  try {
    for await (const info of looksAt(client, task, signal)) {
      if (info.state === 'success') return info.result;
      if (info.state === 'error') throw taskFailure(info, what, client.shown);
      if (info.progress !== undefined) onProgress?.(info.progress / 100);
    }
    throw new XenferryError(
      'VSPHERE_OBJECT_MISSING',
      `${what}: the server knows nothing of the task any more`,
      {
        file: client.shown,
      },
    );
  } catch (error) {
    if (signal?.aborted !== true) throw error;
    await cancel(client, task);
    throw new XenferryError('CANCELED', `${what} was stopped`, { cause: error });
  }
}

/** What a task tells of itself, until it is gone. */
async function* looksAt(
  client: VsphereClient,
  task: Ref,
  signal: AbortSignal | undefined,
): AsyncGenerator<TaskInfo> {
  const query = { objects: [task], properties: ['info'] };
  for await (const { objects } of watchUpdates(client, [query], { signal })) {
    for (const { kind, properties } of objects) {
      if (kind === 'leave') return;
      const info = TASK_INFO.safeParse(properties.info);
      if (info.success) yield info.data;
    }
  }
}

function taskFailure({ error }: TaskInfo, what: string, server: string): XenferryError {
  if (error !== undefined) return localizedFault(error, { what, server });
  return new XenferryError('VSPHERE_FAULT', `${what}: it failed and does not say why`, { file: server });
}

/** Asks for the end of a task and waits a while for it: what it works on is in use until then. */
async function cancel(client: VsphereClient, task: Ref): Promise<void> {
  // It may not be cancelable, or have ended.
  await client.call('CancelTask', task, {}, { signal: new AbortController().signal }).catch(() => {});
  const enough = AbortSignal.timeout(CANCEL_PATIENCE * client.patience.pauseScale);
  try {
    for await (const { state } of looksAt(client, task, enough)) {
      if (state === 'success' || state === 'error') return;
    }
  } catch {
    // The server is gone, or the time is up.
  }
}
