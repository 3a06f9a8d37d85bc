import type { ByteSource } from '../io/byte-source.js';
import { XenferryError } from '../model/errors.js';
import { SECTOR_BYTES } from '../model/units.js';
import { checkRoom, readDirectoryBytes } from './grain-directory.js';
import { ABSENT, ZEROED } from './grain-map.js';
import { GrainTables, type TableLayout, tableCount } from './grain-tables.js';
import { type SesparseHeader, TABLE_SECTORS } from './sesparse-header.js';

const TABLE_BYTES = TABLE_SECTORS * SECTOR_BYTES;
const ENTRY_BYTES = 8;

/** Opens the map of a SESparse extent. Rejects with VMDK_TABLE_OUT_OF_RANGE or VMDK_HEADER_INVALID. */
export async function openSesparseGrains(file: ByteSource, header: SesparseHeader): Promise<GrainTables> {
  const layout = sesparseLayout(header);
  const entries = tableCount(layout);
  if (header.directorySectors * SECTOR_BYTES < entries * ENTRY_BYTES) {
    throw new XenferryError(
      'VMDK_HEADER_INVALID',
      `a grain directory of ${header.directorySectors} sectors, the disk needs ${entries} entries`,
      { file: file.path, offset: 136 },
    );
  }
  const bytes = await readDirectoryBytes(file, header.directoryOffset, entries * ENTRY_BYTES);
  const directory = Uint32Array.from({ length: entries }, (_, i) => tableSector(bytes, i, header, file));
  checkRoom(file, directory, TABLE_BYTES, header.directoryOffset * SECTOR_BYTES);
  return new GrainTables(file, layout, directory);
}

/**
 * First sector of table `index`, 0 where there is none. A directory entry is a type in the highest 4 bits, 1 for a
 * table, and the table's number in the lowest 32.
 */
function tableSector(directory: Buffer, index: number, header: SesparseHeader, file: ByteSource): number {
  const number = directory.readUInt32LE(index * ENTRY_BYTES);
  const type = directory.readUInt32LE(index * ENTRY_BYTES + 4);
  if (type === 0 && number === 0) return 0;
  const sector = header.tablesOffset + number * TABLE_SECTORS;
  const inside = (number + 1) * TABLE_SECTORS <= header.tablesSectors;
  if (type === 0x1000_0000 && inside && sector > 0 && sector <= 0xffff_ffff) return sector;
  throw new XenferryError(
    'VMDK_TABLE_OUT_OF_RANGE',
    `entry ${index} of the grain directory names no grain table`,
    { file: file.path, offset: header.directoryOffset * SECTOR_BYTES + index * ENTRY_BYTES },
  );
}

function sesparseLayout({ capacitySectors, grainSectors, grainsOffset }: SesparseHeader): TableLayout {
  return {
    byteLength: capacitySectors * SECTOR_BYTES,
    grainBytes: grainSectors * SECTOR_BYTES,
    entriesPerTable: TABLE_BYTES / ENTRY_BYTES,
    entryBytes: ENTRY_BYTES,
    place(table, at) {
      const low = table.readUInt32LE(at);
      const high = table.readUInt32LE(at + 4);
      switch (high >>> 28) {
        case 0:
          return low === 0 && high === 0 ? ABSENT : Number.NaN;
        // Unmapped by the guest, and zeroed.
        case 1:
        case 2:
          return ZEROED;
        case 3: {
          // The lowest 12 bits of the grain's number stand above its other 48.
          const grain = (high & 0xffff) * 2 ** 44 + low * 2 ** 12 + ((high >>> 16) & 0xfff);
          return (grainsOffset + grain * grainSectors) * SECTOR_BYTES;
        }
        default:
          return Number.NaN;
      }
    },
  };
}
