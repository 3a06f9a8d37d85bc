import { BLOCK_BYTES, blockCount } from '../../model/units.js';
import type { Disk } from '../../model/virtual-machine.js';
import { ALL_ALLOCATED, changedAreas, type Ref } from '../../vsphere/index.js';
import type { ChangedMachine } from './change-source.js';
import type { SourceDisk } from './source-machine.js';

/** As `thinDisk` does, for all disks of a machine; `found`: those of the snapshot. */
export async function thinDisks(
  at: Pick<ChangedMachine, 'client' | 'machine'>,
  snapshot: Ref,
  disks: readonly Disk[],
  found: readonly SourceDisk[],
  signal: AbortSignal,
): Promise<Disk[]> {
  const byKey = new Map(found.map((disk) => [String(disk.key), disk]));
  const thin: Disk[] = [];
  for (const disk of disks) thin.push(await thinDisk(at, snapshot, disk, byKey.get(disk.key ?? ''), signal));
  return thin;
}

/**
 * A disk on a datastore with what the server says is allocated of it, so that the rest need not be read: where its
 * changes are tracked, and no snapshot but ours was taken of it (the list is of what was written since tracking began on
 * files that were whole; VMware's guide to VDDK). As it is where the server does not tell, or cannot be believed: that
 * nothing is allocated may as well mean that nobody knows.
 */
export async function thinDisk(
  { client, machine }: Pick<ChangedMachine, 'client' | 'machine'>,
  snapshot: Ref,
  disk: Disk,
  found: SourceDisk | undefined,
  signal: AbortSignal,
): Promise<Disk> {
  const { location } = disk;
  if (location?.kind !== 'datastore' || found === undefined || found.changeId === null || found.layered)
    return disk;
  const { key, capacityBytes } = found;
  const allocated = new Uint8Array(blockCount(capacityBytes));
  const query = { machine, snapshot, diskKey: key, changeId: ALL_ALLOCATED, capacity: capacityBytes, signal };
  try {
    for await (const { start, length } of changedAreas(client, query)) {
      const last = Math.floor((start + length - 1) / BLOCK_BYTES);
      allocated.fill(1, Math.floor(start / BLOCK_BYTES), last + 1);
    }
  } catch {
    signal.throwIfAborted();
    return disk;
  }
  return allocated.includes(1) ? { ...disk, location: { ...location, allocated } } : disk;
}
