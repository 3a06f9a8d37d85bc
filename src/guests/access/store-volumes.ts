import type { ByteSource } from '../../io/byte-source.js';
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
  } finally {
    for (const source of sources) source.close();
  }
}
