import type { PlannedDisk, PlannedMachine, StorageEstimate } from '../../model/plan.js';
import { BLOCK_BYTES, blockCount, GIB, KIB } from '../../model/units.js';
import type { Disk } from '../../model/virtual-machine.js';
import { QCOW2_CLUSTER_BYTES } from '../../qcow2/index.js';
import { MAX_VHD_BYTES, vhdFileBytes, vhdLayout } from '../../vhd/index.js';
import { CHUNK_BYTES, CHUNK_STRIDE, END_OF_ARCHIVE_BYTES } from '../../xva/index.js';
import type { TargetFacts } from '../migration-file/schema.js';

type StorageFacts = NonNullable<TargetFacts['storage']>[number];

/** An XVA's `ova.xml`: some thirty KiB with many disks. */
const OVA_XML_BYTES = 64 * KIB;
/** Guest data that one L2 table tells of, by qcow2's layout. */
const QCOW2_TABLE_SPAN = (QCOW2_CLUSTER_BYTES / 8) * QCOW2_CLUSTER_BYTES;

/**
 * Bytes that each storage repository, or the target folder, must have for `machines`; in the order in which they are
 * first named. A repository of which the target's facts say nothing is taken as thin, with VHDs.
 */
export function storageNeeds(
  machines: readonly PlannedMachine[],
  target: TargetFacts | undefined,
): StorageEstimate[] {
  const facts = new Map(target?.storage?.map((storage) => [storage.name, storage]));
  const bytes = new Map<string | null, number>();
  const add = (storage: string | null, more: number) => bytes.set(storage, (bytes.get(storage) ?? 0) + more);
  for (const { machine, disks } of machines) {
    for (const [index, planned] of disks.entries()) {
      const disk = machine.disks[index];
      if (disk !== undefined) add(planned.storage, diskBytes(disk, planned, facts));
    }
    if (disks.some(({ storage }) => storage === null)) add(null, END_OF_ARCHIVE_BYTES + OVA_XML_BYTES);
  }
  return [...bytes].map(([storage, needed]) => {
    const known = storage === null ? undefined : facts.get(storage);
    const freeBytes = known === undefined ? null : known.freeGiB * GIB;
    return { storage, bytes: needed, freeBytes };
  });
}

/**
 * Bytes needed beside the target: disks in gzip are unpacked before they are read. The largest machines of a wave,
 * as many as may be moved at once, may meet, and an unpacked disk may be as large as its capacity.
 */
export function stagingBytes(waves: readonly (readonly PlannedMachine[])[], machinesAtOnce: number): number {
  return waves.reduce((most, machines) => {
    const sizes = machines.map(({ machine }) =>
      machine.disks
        .filter(({ location }) => location?.kind === 'files' && location.compression === 'gzip')
        .reduce((sum, { capacityBytes }) => sum + capacityBytes, 0),
    );
    const largest = sizes.sort((a, b) => b - a).slice(0, machinesAtOnce);
    return Math.max(
      most,
      largest.reduce((sum, size) => sum + size, 0),
    );
  }, 0);
}

function diskBytes(
  { capacityBytes }: Disk,
  { dataBytes, storage }: PlannedDisk,
  facts: ReadonlyMap<string, StorageFacts>,
): number {
  if (storage === null) return Math.ceil(dataBytes / CHUNK_BYTES) * CHUNK_STRIDE;
  const { provisioning = 'thin', format = 'vhd' } = facts.get(storage) ?? {};
  const stored = provisioning === 'thick' ? capacityBytes : Math.min(dataBytes, capacityBytes);
  switch (format) {
    case 'raw':
      return stored;
    case 'vhd':
      // No VHD holds a larger one; the plan says so elsewhere.
      return vhdFileBytes(vhdLayout(Math.min(capacityBytes, MAX_VHD_BYTES)), blockCount(stored));
    case 'qcow2':
      return qcow2Bytes(capacityBytes, blockCount(stored));
  }
}

/** At most: with an L2 table for every part of the disk, and refcounts of two bytes a cluster. */
function qcow2Bytes(capacityBytes: number, blocks: number): number {
  const data = blocks * BLOCK_BYTES;
  const tables = Math.min(blocks, Math.ceil(capacityBytes / QCOW2_TABLE_SPAN)) * QCOW2_CLUSTER_BYTES;
  const header = 4 * QCOW2_CLUSTER_BYTES;
  const refcounts = Math.ceil(((data + tables + header) / QCOW2_CLUSTER_BYTES) * 2);
  return data + tables + header + Math.ceil(refcounts / QCOW2_CLUSTER_BYTES) * QCOW2_CLUSTER_BYTES;
}
