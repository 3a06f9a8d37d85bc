import { setTimeout as pause } from 'node:timers/promises';
import type { XenferryError } from '../model/errors.js';

/** Times in milliseconds. */
export interface Patience {
  /** For one attempt, from the look-up of the name to the end of the answer. */
  readonly attempt: number;
  /** Before the second attempt, the third and so on. */
  readonly pauses: readonly number[];
}

export const PATIENCE: Patience = { attempt: 20_000, pauses: [2_000, 10_000, 60_000] };

/** How an attempt failed. */
export interface Failure {
  readonly error: XenferryError;
  /** Whether another attempt may do better. */
  readonly passing: boolean;
  /** So many milliseconds the other side wants to be left alone. */
  readonly wait?: number | undefined;
}

export interface Attempts {
  readonly number: number;
  /** Of the last one; null when it was delivered. */
  readonly failure: XenferryError | null;
}

/** Tries until it works, fails for good, or patience or `signal` ends. `attempt` returns null when it worked. */
export async function withAttempts(
  attempt: (signal: AbortSignal) => Promise<Failure | null>,
  patience: Patience,
  signal: AbortSignal,
): Promise<Attempts> {
  for (let number = 1; ; number++) {
    const failure = await attempt(AbortSignal.any([signal, AbortSignal.timeout(patience.attempt)]));
    if (failure === null) return { number, failure };
    const planned = patience.pauses[number - 1];
    if (!failure.passing || planned === undefined || signal.aborted)
      return { number, failure: failure.error };
    const longest = Math.max(...patience.pauses);
    await pause(Math.max(planned, Math.min(failure.wait ?? 0, longest)), undefined, { signal }).catch(
      () => {},
    );
    if (signal.aborted) return { number, failure: failure.error };
  }
}
