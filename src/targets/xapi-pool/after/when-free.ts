import { pauseFor } from '../../../model/abort.js';
import { isFault, type XapiClient } from '../../../xapi/index.js';

/** A pool moves the storage of a few VMs at once and refuses the others; they are asked for again for two hours. */
const ATTEMPTS = 720;
const PAUSE = 10_000;

/** Does `action` as soon as the pool has a live move to give. Rejects as `action` does, or with CANCELED. */
export async function whenFree<T>(
  client: XapiClient,
  signal: AbortSignal,
  action: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await action();
    } catch (error) {
      if (!isFault(error, 'TOO_MANY_STORAGE_MIGRATES') || attempt === ATTEMPTS) throw error;
    }
    await pauseFor(PAUSE * client.patience.pauseScale, signal);
  }
}
