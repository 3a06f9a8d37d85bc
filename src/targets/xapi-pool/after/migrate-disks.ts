import { toXenferryError, XenferryError } from '../../../model/errors.js';
import { type Ref, runTask, type XapiClient } from '../../../xapi/index.js';
import { diskAt } from './attached-disks.js';
import { claimMoved } from './claim.js';
import type { Moving, MovingDisk } from './moving-disk.js';
import { whenFree } from './when-free.js';

/**
 * Moves the disks of a VM that runs, one after the other, to repositories that its host sees. A disk that fails stays
 * where it is; those before it have moved, which the message says. Rejects with POOL_*, CANCELED.
 */
export async function migrateDisks(client: XapiClient, { vm, disks, jobId, signal }: Moving): Promise<void> {
  const moved: string[] = [];
  for (const disk of disks) {
    try {
      await claimMoved(client, [await migrateDisk(client, vm, disk, signal)], jobId);
    } catch (failure) {
      if (moved.length === 0) throw failure;
      const { code, message } = toXenferryError(failure);
      const told = `${message}; these have moved already: ${moved.join(', ')}`;
      throw new XenferryError(code, told, { file: client.shown, cause: failure });
    }
    moved.push(disk.record.name_label);
  }
}

/** Whatever became of the task: what the VM uses in the end is what counts. */
async function migrateDisk(
  client: XapiClient,
  vm: Ref,
  { vdi, sr, attachment }: MovingDisk,
  signal: AbortSignal,
): Promise<Ref> {
  let failure: unknown = null;
  try {
    await whenFree(client, signal, () => runTask(client, 'VDI.pool_migrate', [vdi, sr, {}], { signal }));
  } catch (error) {
    failure = error;
  }
  const present = await diskAt(client, vm, attachment.userdevice);
  if (present !== null) {
    const { SR } = await client.call('VDI.get_record', [present.record.VDI]);
    if (SR === sr) return present.record.VDI;
  }
  throw failure ?? new XenferryError('POOL_REFUSED', 'the disk has not moved', { file: client.shown });
}
