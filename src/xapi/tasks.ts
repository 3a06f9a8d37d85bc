import { pauseFor } from '../model/abort.js';
import { XenferryError } from '../model/errors.js';
import type { LongMethod, Params } from './methods.js';
import { isFault, PoolFault } from './pool-fault.js';
import type { Ref } from './records.js';
import type { XapiClient } from './xapi-client.js';

/** Seconds a pool may keep us waiting for an event; then the task is looked at all the same. */
const EVENT_SECONDS = 30;
/** Between two looks, in milliseconds, however much happens. */
const LEAST_PAUSE = 100;
/** Between two looks where events do not work, in milliseconds. */
const POLL_PAUSE = 2_000;
/** Looks at a task that was cancelled before it is left alone. */
const CANCEL_LOOKS = 15;

export interface TaskWatching {
  /** Cancels the task. */
  readonly signal?: AbortSignal | undefined;
  /** From 0 to 1. */
  readonly onProgress?: ((progress: number) => void) | undefined;
}

/**
 * Does a call as a task. Returns the task's result: a reference, or nothing. Rejects with what the task ended with,
 * POOL_TASK_LOST, CANCELED, or as `XapiClient.call` does.
 */
export async function runTask<M extends LongMethod>(
  client: XapiClient,
  method: M,
  params: Params<M>,
  watching: TaskWatching = {},
): Promise<string> {
  const task = await client.start(method, params, { signal: watching.signal });
  return await finishTask(client, task, method, watching);
}

/** Waits for a task and removes it. `what` is for errors. Returns and rejects as `runTask` does. */
export async function finishTask(
  client: XapiClient,
  task: Ref,
  what: string,
  watching: TaskWatching,
): Promise<string> {
  try {
    return await watch(client, task, what, watching);
  } catch (error) {
    if (watching.signal?.aborted === true) await cancel(client, task);
    throw error;
  } finally {
    // What is left of it the pool removes itself.
    await client.call('task.destroy', [task]).catch(() => {});
  }
}

/** How a task ended; null while it goes on. Rejects as `runTask` does. */
export async function taskOutcome(
  client: XapiClient,
  task: Ref,
  what: string,
  { signal, onProgress }: TaskWatching,
): Promise<string | null> {
  const { status, progress, result, error_info } = await look(client, task, what, signal);
  onProgress?.(progress);
  switch (status) {
    case 'success':
      return resultText(result);
    case 'failure': {
      const [fault = 'INTERNAL_ERROR', ...parameters] = error_info;
      throw new PoolFault(fault, parameters, what, client.shown);
    }
    case 'cancelled':
      throw new PoolFault('TASK_CANCELLED', [], what, client.shown);
    default:
      return null;
  }
}

/** Events only wake us: what counts is the record, so that a lost event costs time and nothing else. */
async function watch(client: XapiClient, task: Ref, what: string, watching: TaskWatching): Promise<string> {
  const { signal } = watching;
  const seconds = Math.min(EVENT_SECONDS, client.patience.idle / 2_000);
  let token = '';
  for (;;) {
    const outcome = await taskOutcome(client, task, what, watching);
    if (outcome !== null) return outcome;
    try {
      ({ token } = await client.call('event.from', [[`task/${task}`], token, seconds], { signal }));
      await pauseFor(LEAST_PAUSE * client.patience.pauseScale, signal);
    } catch (error) {
      if (signal?.aborted === true) throw error;
      token = '';
      await pauseFor(POLL_PAUSE * client.patience.pauseScale, signal);
    }
  }
}

async function look(client: XapiClient, task: Ref, what: string, signal: AbortSignal | undefined) {
  try {
    return await client.call('task.get_record', [task], { signal });
  } catch (error) {
    if (!isFault(error, 'HANDLE_INVALID')) throw error;
    throw new XenferryError('POOL_TASK_LOST', `${what}: the pool knows nothing of the task any more`, {
      file: client.shown,
      cause: error,
    });
  }
}

/** Asks for the end of a task and waits a while for it: what it works on is in use until then. */
async function cancel(client: XapiClient, task: Ref): Promise<void> {
  try {
    await client.call('task.cancel', [task]);
    for (let looks = 0; looks < CANCEL_LOOKS; looks++) {
      if ((await taskOutcome(client, task, 'cancel', {})) !== null) return;
      await pauseFor(POLL_PAUSE * client.patience.pauseScale);
    }
  } catch {
    // It has ended, it cannot be cancelled, or the pool is gone.
  }
}

/** A result is an XML-RPC value as text: `<value>OpaqueRef:…</value>`, or nothing. */
function resultText(result: string): string {
  return /^\s*<value>(?:<string>)?([^<]*)/.exec(result)?.[1] ?? result;
}
