import { pauseFor } from '../../model/abort.js';
import { type ErrorCode, toXenferryError } from '../../model/errors.js';
import type { Ref, XapiClient } from '../../xapi/index.js';
import type { TransferSlots } from './transfer-slots.js';

const ATTEMPTS = 3;
const PAUSE = 5_000;
const SIGN_MILLISECONDS = 1_000;
/** Of these the next attempt may see nothing. */
const PASSING: readonly ErrorCode[] = [
  'POOL_UPLOAD_FAILED',
  'POOL_UNREACHABLE',
  'POOL_TASK_LOST',
  'POOL_BUSY',
];

/** Where a disk goes, or comes from. */
export interface TransferPlace {
  readonly slots: TransferSlots;
  readonly storage: Ref;
  /** Of the hosts that see the repository. */
  readonly addresses: readonly string[];
  /** Those that are to be gone through, as long as one of them takes it; all when none is named. */
  readonly through?: readonly string[] | undefined;
  readonly signal: AbortSignal;
  /** Told of the host's address each time a transfer goes through one. */
  readonly onHost?: ((address: string) => void) | undefined;
  /** Called when a transfer waits for its turn, about once a second, and when it comes on in what has no progress. */
  readonly onSign?: (() => void) | undefined;
}

/**
 * Does a transfer through a host, and anew through another one after a failure that may pass. Rejects with what the
 * last attempt met, or CANCELED.
 */
export async function withFreshAttempts<T>(
  client: XapiClient,
  { slots, storage, addresses, through = addresses, signal, onHost, onSign }: TransferPlace,
  transfer: (address: string) => Promise<T>,
): Promise<T> {
  const failed = new Set<string>();
  return await again(client, signal, async () => {
    // A host that is down stays so for a while; it would always be the least busy one.
    const others = addresses.filter((address) => !failed.has(address));
    const wanted = others.filter((address) => through.includes(address));
    const candidates = [wanted, others].find(({ length }) => length > 0) ?? addresses;
    const slot = await telling(onSign, slots.take(storage, candidates, signal));
    onHost?.(slot.address);
    try {
      return await transfer(slot.address);
    } catch (error) {
      failed.add(slot.address);
      throw error;
    } finally {
      slot.release();
    }
  });
}

/** Does `action` anew after a failure that may pass. Rejects with what the last attempt met, or CANCELED. */
export async function again<T>(
  client: XapiClient,
  signal: AbortSignal,
  action: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await action();
    } catch (error) {
      const passing = PASSING.includes(toXenferryError(error).code);
      if (signal.aborted || attempt === ATTEMPTS || !passing) throw error;
    }
    await pauseFor(PAUSE * attempt * client.patience.pauseScale, signal);
  }
}

/** Calls `onSign` about once a second until `waiting` has settled. */
async function telling<T>(onSign: (() => void) | undefined, waiting: Promise<T>): Promise<T> {
  const timer = setInterval(() => onSign?.(), SIGN_MILLISECONDS);
  try {
    return await waiting;
  } finally {
    clearInterval(timer);
  }
}
