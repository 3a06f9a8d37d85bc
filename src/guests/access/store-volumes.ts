import type { ByteSource } from '../../io/byte-source.js';
import { XenferryError } from '../../model/errors.js';
import { openNbd } from '../../nbd/index.js';
import { type FoundVolumes, findVolumes } from './guest-volumes.js';
import type { DiskStore } from './storage-daemon.js';

/** What our own readers find on the first so many disks of a store. Rejects with GUEST_UNREADABLE. */
export async function volumesOfStore(store: DiskStore, disks: number): Promise<FoundVolumes> {
  const sources: ByteSource[] = [];
  try {
    for (let disk = 0; disk < disks; disk += 1) {
      sources.push(await openNbd(store.uri(disk), { truncatedCode: 'GUEST_UNREADABLE' }));
    }
    return await findVolumes(sources);
  } catch (cause) {
    // An address of ours would tell the operator nothing.
    if (!(cause instanceof XenferryError) || !['SOURCE_UNREADABLE', 'NBD_REFUSED'].includes(cause.code))
      throw cause;
    throw new XenferryError('GUEST_UNREADABLE', 'QEMU cannot read the disks', {
      cause,
      hint: 'A disk may be damaged: xenferry check tells where.',
    });
  } finally {
    for (const source of sources) source.close();
  }
}
