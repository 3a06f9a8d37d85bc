import { pauseFor } from '../../model/abort.js';
import { isFault, type Ref, runTask, type XapiClient } from '../../xapi/index.js';

/** A host lets go of a disk some time after a broken upload. */
const ATTEMPTS = 15;
const PAUSE = 2_000;

/** Removes a VDI, or finds it gone. Rejects as `XapiClient.call` does. */
export async function destroyVdi(client: XapiClient, vdi: Ref): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await runTask(client, 'VDI.destroy', [vdi]);
      return;
    } catch (error) {
      if (isFault(error, 'HANDLE_INVALID')) return;
      if (!isFault(error, 'VDI_IN_USE', 'OTHER_OPERATION_IN_PROGRESS') || attempt === ATTEMPTS) throw error;
    }
    await pauseFor(PAUSE * client.patience.pauseScale);
  }
}
