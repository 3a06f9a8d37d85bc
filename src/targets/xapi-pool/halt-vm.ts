import { describeError, isCanceled, toXenferryError, XenferryError } from '../../model/errors.js';
import { type Ref, runTask, type XapiClient } from '../../xapi/index.js';

/** What would have it run. */
const LOCKED = ['start', 'start_on', 'resume', 'resume_on'];
const REASON = 'Xenferry: the machine was taken back to where it came from';

export interface HaltOptions {
  /** The guest has so long to shut down. */
  readonly seconds: number;
  /** Whether the plug is pulled when it does not. */
  readonly force: boolean;
  readonly signal: AbortSignal;
}

/**
 * Has a VM shut down and stay so: nobody starts it without taking the lock away. When it goes on running it is as it was.
 * Rejects with POOL_REFUSED for one that does, CANCELED, or as `XapiClient.call` does.
 */
export async function haltVm(client: XapiClient, vm: Ref, options: HaltOptions): Promise<void> {
  const locked = await lock(client, vm);
  try {
    if ((await powerOf(client, vm)) !== 'Halted') await shutDown(client, vm, options);
  } catch (error) {
    // Where this fails, the reason that the pool gives for the lock names us.
    for (const operation of locked) {
      await client.call('VM.remove_from_blocked_operations', [vm, operation]).catch(() => {});
    }
    throw error;
  }
}

/** Those that nobody had locked before. */
async function lock(client: XapiClient, vm: Ref): Promise<string[]> {
  const { blocked_operations } = await client.call('VM.get_record', [vm]);
  const wanted = LOCKED.filter((operation) => !Object.hasOwn(blocked_operations, operation));
  for (const operation of wanted) {
    await client.call('VM.add_to_blocked_operations', [vm, operation, REASON]);
  }
  return wanted;
}

async function shutDown(client: XapiClient, vm: Ref, { seconds, force, signal }: HaltOptions): Promise<void> {
  const patience = AbortSignal.timeout(seconds * 1000);
  try {
    await runTask(client, 'VM.clean_shutdown', [vm], { signal: AbortSignal.any([signal, patience]) });
    return;
  } catch (error) {
    signal.throwIfAborted();
    if ((await powerOf(client, vm)) === 'Halted') return;
    if (!force) throw stillRuns(client, isCanceled(error) ? `not within ${seconds} s` : wordsOf(error));
  }
  await runTask(client, 'VM.hard_shutdown', [vm], { signal });
}

async function powerOf(client: XapiClient, vm: Ref): Promise<string> {
  return (await client.call('VM.get_record', [vm])).power_state;
}

function wordsOf(error: unknown): string {
  return describeError(toXenferryError(error));
}

function stillRuns(client: XapiClient, reason: string): XenferryError {
  return new XenferryError('POOL_REFUSED', `its guest does not shut down: ${reason}`, {
    file: client.shown,
    hint: 'Shut it down yourself, or pull its plug with --force.',
  });
}
