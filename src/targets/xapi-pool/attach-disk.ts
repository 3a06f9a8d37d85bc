import { toXenferryError } from '../../model/errors.js';
import { isFault, type NewVbd, type XapiClient } from '../../xapi/index.js';

/**
 * Gives a VM of ours a disk. A lost answer does not cost the upload: asked again, the pool says that the place is taken,
 * and nobody else attaches anything to a VM that is still locked. Rejects as `XapiClient.call` does.
 */
export async function attachDisk(client: XapiClient, vbd: NewVbd, signal: AbortSignal): Promise<void> {
  try {
    await client.call('VBD.create', [vbd], { signal });
  } catch (error) {
    if (toXenferryError(error).code !== 'POOL_UNREACHABLE') throw error;
    await client.call('VBD.create', [vbd], { signal }).catch((again: unknown) => {
      if (!isFault(again, 'DEVICE_ALREADY_EXISTS')) throw again;
    });
  }
}
