import { setTimeout as delay } from 'node:timers/promises';
import { PassingFailure } from './failures.js';

const ATTEMPTS = 3;

/**
 * Repeats `action` after a PassingFailure, first after `pauseMs`, then after twice that. Rejects with what the last
 * attempt met, or with the signal's reason as soon as it is given.
 */
export async function withAttempts<T>(
  action: () => Promise<T>,
  pauseMs: number,
  signal: AbortSignal,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await action();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof PassingFailure)) throw error;
      if (attempt === ATTEMPTS) throw error.reason;
    }
    await delay(pauseMs * 2 ** (attempt - 1), undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
