import type { ByteSource } from '../io/byte-source.js';
import { isFormatError, XenferryError } from '../model/errors.js';
import { MIB, SECTOR_BYTES } from '../model/units.js';
import { readDirectory } from './grain-directory.js';
import { ABSENT, ZEROED } from './grain-map.js';
import { GrainTables, type TableLayout, tableCount } from './grain-tables.js';
import type { SparseHeader } from './sparse-header.js';

/** A grain table entry that means "zeros" where the header's flag says so. */
const ZEROED_ENTRY = 1;
/** 64 TiB with the usual grain need 8 MiB; a larger directory is not a disk's. */
const MAX_DIRECTORY_BYTES = 16 * MIB;

/** The map of a hosted sparse extent. */
export interface HostedGrains {
  readonly grains: GrainTables;
  /** Whether the redundant directory stands in for the first one. */
  readonly damagedDirectory: boolean;
}

/**
 * Opens the map of a hosted sparse extent ("Virtual Disk Format 1.1", Hosted Sparse Extent Metadata). Where the
 * directory is damaged, the redundant one stands in. Rejects with VMDK_TABLE_OUT_OF_RANGE or VMDK_HEADER_INVALID.
 */
export async function openHostedGrains(file: ByteSource, header: SparseHeader): Promise<HostedGrains> {
  const layout = hostedLayout(header);
  const entries = tableCount(layout);
  if (entries * 4 > MAX_DIRECTORY_BYTES) {
    throw new XenferryError(
      'VMDK_HEADER_INVALID',
      `a grain directory of ${entries} entries is not a disk's`,
      { file: file.path, offset: 44 },
    );
  }
  const directoryAt = (sector: number) =>
    readDirectory(file, sector, entries, layout.entriesPerTable * layout.entryBytes);
  const [first, second] = await Promise.allSettled([
    directoryAt(header.grainDirectoryOffset),
    header.redundantDirectoryOffset === 0 ? null : directoryAt(header.redundantDirectoryOffset),
  ]);
  for (const outcome of [first, second]) {
    if (outcome.status === 'rejected' && !isFormatError(outcome.reason)) throw outcome.reason;
  }
  const redundant = second.status === 'fulfilled' ? second.value : null;
  if (first.status === 'fulfilled') {
    return { grains: new GrainTables(file, layout, first.value, redundant), damagedDirectory: false };
  }
  if (redundant === null) throw first.reason;
  return { grains: new GrainTables(file, layout, redundant), damagedDirectory: true };
}

function hostedLayout(header: SparseHeader): TableLayout {
  const { zeroedGrains } = header;
  return {
    byteLength: header.capacitySectors * SECTOR_BYTES,
    grainBytes: header.grainSectors * SECTOR_BYTES,
    entriesPerTable: header.entriesPerGrainTable,
    entryBytes: 4,
    place(table, at) {
      const sector = table.readUInt32LE(at);
      if (sector === 0) return ABSENT;
      return sector === ZEROED_ENTRY && zeroedGrains ? ZEROED : sector * SECTOR_BYTES;
    },
  };
}
