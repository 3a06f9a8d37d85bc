import { pauseFor } from '../../model/abort.js';
import { type ErrorCode, toXenferryError } from '../../model/errors.js';
import type { XapiClient } from '../../xapi/index.js';

const ATTEMPTS = 3;
const PAUSE = 5_000;
/** Of these the next attempt may see nothing. */
const PASSING: readonly ErrorCode[] = [
  'POOL_UPLOAD_FAILED',
  'POOL_UNREACHABLE',
  'POOL_TASK_LOST',
  'POOL_BUSY',
];

/** Does `action` anew after a failure that may pass. Rejects with what the last attempt met, or CANCELED. */
export async function withFreshAttempts<T>(
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
