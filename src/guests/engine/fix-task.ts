import { giveSign, type TaskKind } from '../../worker-threads-pool/index.js';
import type { GuestRecord } from './guest-record.js';
import { type GuestRequest, mendGuest } from './mend-guest.js';

export interface FixInput extends Omit<GuestRequest, 'signal'> {
  /** `[0] !== 0`: stop. */
  readonly canceled: Int32Array;
  /** As `withSigns` gives them. */
  readonly signs: Int32Array;
}

/** Mends a guest in a thread: what a hostile guest makes us read costs that thread's memory only. */
export const FIX: TaskKind<FixInput, GuestRecord> = { worker: 'fix' };

/** How often the shared word is looked at; an abort is to be over within a second. */
const POLL_MILLISECONDS = 100;

/** The thread's work. Rejects as `mendGuest` does. */
export async function fixGuest({ canceled, signs, ...request }: FixInput): Promise<GuestRecord> {
  giveSign(signs);
  const stop = new AbortController();
  const timer = setInterval(() => {
    if (Atomics.load(canceled, 0) !== 0) stop.abort();
  }, POLL_MILLISECONDS);
  try {
    return await mendGuest({ ...request, signal: stop.signal });
  } finally {
    clearInterval(timer);
  }
}
