import { type ByteSource, readBytes } from '../io/byte-source.js';
import { XenferryError } from '../model/errors.js';
import { SECTOR_BYTES } from '../model/units.js';
import { readDirectory } from './grain-directory.js';
import { ABSENT } from './grain-map.js';
import { checkGrain, type GrainHeader } from './grain-size.js';
import { GrainTables, type TableLayout, tableCount } from './grain-tables.js';

export const COWD_MAGIC = 'COWD';

/** Header of a COWD extent: "Virtual Disk Format 1.1", ESX Server Sparse Extents. All fields are 32 bits. */
export interface CowdHeader extends GrainHeader {
  /** Sectors. */
  readonly directoryOffset: number;
  readonly directoryEntries: number;
}

/** Fixed by the format. */
const ENTRIES_PER_TABLE = 4096;

/** Reads the header at the start of `file`. Rejects with VMDK_HEADER_INVALID, VMDK_UNSUPPORTED, VMDK_TRUNCATED. */
export async function readCowdHeader(file: ByteSource): Promise<CowdHeader> {
  const sector = await readBytes(file, 0, SECTOR_BYTES);
  const version = sector.readUInt32LE(4);
  if (version !== 1) {
    throw new XenferryError('VMDK_UNSUPPORTED', `COWD version ${version} is not known`, {
      file: file.path,
      offset: 4,
    });
  }
  const grainSectors = sector.readUInt32LE(16);
  checkGrain(grainSectors, file, 16);
  return {
    capacitySectors: sector.readUInt32LE(12),
    grainSectors,
    directoryOffset: sector.readUInt32LE(20),
    directoryEntries: sector.readUInt32LE(24),
  };
}

/**
 * Opens the map of a COWD extent: snapshots and thin disks of ESX on VMFS below 2 TiB ("Virtual Disk Format 1.1",
 * ESX Server Sparse Extents). Rejects with VMDK_TABLE_OUT_OF_RANGE or VMDK_HEADER_INVALID.
 */
export async function openCowdGrains(file: ByteSource, header: CowdHeader): Promise<GrainTables> {
  const layout = cowdLayout(header);
  const entries = tableCount(layout);
  if (header.directoryEntries < entries) {
    throw new XenferryError(
      'VMDK_HEADER_INVALID',
      `a grain directory of ${header.directoryEntries} entries, the disk needs ${entries}`,
      { file: file.path, offset: 24 },
    );
  }
  const tableBytes = ENTRIES_PER_TABLE * layout.entryBytes;
  return new GrainTables(
    file,
    layout,
    await readDirectory(file, header.directoryOffset, entries, tableBytes),
  );
}

function cowdLayout({ capacitySectors, grainSectors }: CowdHeader): TableLayout {
  return {
    byteLength: capacitySectors * SECTOR_BYTES,
    grainBytes: grainSectors * SECTOR_BYTES,
    entriesPerTable: ENTRIES_PER_TABLE,
    entryBytes: 4,
    place(table, at) {
      const sector = table.readUInt32LE(at);
      return sector === 0 ? ABSENT : sector * SECTOR_BYTES;
    },
  };
}
