import { type Disk, type DiskMode, UNTOLD_DISK } from '../../model/virtual-machine.js';
import { type DiskAddress, diskAddress, rankOfFamily } from './disk-address.js';
import type { Row } from './read-tab.js';
import type { VDISK, VPARTITION } from './tabs.js';

type DiskFields = Row<(typeof VDISK)['columns']>;

/** What the list tells of a machine's use of its disks. */
export interface DiskUse {
  /** Of all its disks together; null when it does not tell. */
  readonly inUseBytes: number | null;
  readonly partitions: readonly Row<(typeof VPARTITION)['columns']>[];
}

const MODES: ReadonlySet<string> = new Set<DiskMode>([
  'persistent',
  'nonpersistent',
  'independent_persistent',
  'independent_nonpersistent',
  'undoable',
  'append',
]);

/**
 * The disks of a machine, without their bytes, in the order in which firmware looks for a system: SCSI, SATA, NVMe, IDE,
 * by controller and unit. A disk's use is what its partitions hold where they name their disk; else the part of the
 * machine's use that falls to its size, and no more than its size.
 */
export function listDisks(rows: readonly DiskFields[], use: DiskUse): readonly Disk[] {
  const total = rows.reduce((sum, { raw, capacity }) => sum + (raw === true ? 0 : (capacity ?? 0)), 0);
  const consumed = consumedByKey(use);
  return rows
    .map((fields, index) => ({ fields, address: diskAddress(fields, index) }))
    .sort((a, b) => compareAddresses(a.address, b.address))
    .map(({ fields, address }): Disk => {
      const capacityBytes = fields.capacity ?? 0;
      const known = consumed.get(fields.key ?? '') ?? shareOf(fields, total, use.inUseBytes);
      return {
        ...UNTOLD_DISK,
        capacityBytes,
        format: '',
        file: fields.path ?? fields.label ?? '',
        controller: address.controller,
        bus: address.bus,
        unit: address.unit,
        location: null,
        usedBytes: known === null ? null : Math.min(known, capacityBytes),
        mode: diskMode(fields.mode),
        rawDevice: rawDevice(fields),
        shared: isShared(fields),
        thin: fields.thin,
        datastore: /^\[([^\]]+)\]/.exec(fields.path ?? '')?.[1] ?? null,
        key: fields.key,
      };
    });
}

function compareAddresses(a: DiskAddress, b: DiskAddress): number {
  return rankOfFamily(a.family) - rankOfFamily(b.family) || a.bus - b.bus || a.unit - b.unit;
}

function consumedByKey({ partitions }: DiskUse): ReadonlyMap<string, number> {
  const consumed = new Map<string, number>();
  for (const { diskKey, consumed: bytes } of partitions) {
    if (diskKey !== null && bytes !== null) consumed.set(diskKey, (consumed.get(diskKey) ?? 0) + bytes);
  }
  return consumed;
}

/** What a machine has in use lies on datastores, so raw devices have no part in it. */
function shareOf({ raw, capacity }: DiskFields, total: number, inUseBytes: number | null): number | null {
  if (raw === true || capacity === null || total === 0 || inUseBytes === null) return null;
  return Math.round(inUseBytes * (capacity / total));
}

function diskMode(text: string | null): DiskMode {
  const mode = (text ?? '').toLowerCase().replace(/[\s-]/g, '_');
  return isMode(mode) ? mode : 'persistent';
}

function isMode(mode: string): mode is DiskMode {
  return MODES.has(mode);
}

/** Where the mode is not told the stricter one is assumed, which no export holds. */
function rawDevice({ raw, rawMode }: DiskFields): Disk['rawDevice'] {
  if (raw !== true) return null;
  return /virtual/i.test(rawMode ?? '') ? 'virtual' : 'physical';
}

/** `sharingMultiWriter` of the disk; `physicalSharing` or `virtualSharing` of its controller. */
function isShared({ sharing, sharedBus }: DiskFields): boolean {
  return /multiwriter/i.test(sharing ?? '') || /^(?:physical|virtual)/i.test(sharedBus ?? '');
}
