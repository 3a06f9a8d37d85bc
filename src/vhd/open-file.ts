import type { DiskImage } from '../disk-image/index.js';
import type { ByteSource } from '../io/byte-source.js';
import { SECTOR_BYTES } from '../model/units.js';
import { checksumFits } from './checksum.js';
import { type DynamicHeader, HEADER_CHECKSUM_AT } from './dynamic-header.js';
import { readGoodFooter, type VhdFooter } from './footer.js';
import { invalid } from './invalid.js';
import { DYNAMIC_HEADER_BYTES, UNUSED_BAT_ENTRY } from './layout.js';
import { SparseVhdImage } from './sparse-image.js';
import { bitmapBytes, readTables, type VhdTables, vhdBlocks } from './tables.js';

/** One VHD file, opened without its parents. */
export interface OpenedVhd {
  /** What the file itself holds; of a differencing disk that is a part. */
  readonly image: DiskImage;
  readonly footer: VhdFooter;
  /** Null in a fixed disk. */
  readonly header: DynamicHeader | null;
}

/**
 * Opens a VHD of any kind as a layer by itself. The size is the footer's current size, whoever made the file; QEMU
 * takes that of the geometry from creators it does not know, which cuts the end off. Takes `file` over: closing the
 * image, or a failure, closes it. Rejects with VHD_INVALID, SOURCE_*.
 */
export async function openVhdFile(file: ByteSource): Promise<OpenedVhd> {
  try {
    const { footer, notes } = await readGoodFooter(file);
    if (footer.virtualBytes === 0) throw invalid(file, footer.offset + 48, 'a disk of 0 bytes');
    if (footer.kind === 'fixed') return { image: fixedImage(file, footer, notes), footer, header: null };
    const tables = await readTables(file, footer);
    judgeTables(file, footer, tables);
    return { image: new SparseVhdImage(file, footer, tables, notes), footer, header: tables.header };
  } catch (error) {
    file.close();
    throw error;
  }
}

function fixedImage(
  file: ByteSource,
  { virtualBytes, offset }: VhdFooter,
  notes: readonly string[],
): DiskImage {
  if (virtualBytes > offset) {
    throw invalid(file, offset, `the file ends before its disk of ${virtualBytes} bytes does`);
  }
  return {
    format: 'vhd',
    files: [file.path],
    notes,
    byteLength: virtualBytes,
    exactMap: false,
    visitRanges: async (visit) => visit(0, virtualBytes, 'data'),
    read: (target, at, from, length) => file.read(target, at, length, from),
    close: () => file.close(),
  };
}

/** Throws VHD_INVALID unless every block the disk has stands in the file, and none in the tables. */
function judgeTables(file: ByteSource, footer: VhdFooter, { header, bat }: VhdTables): void {
  const { offset, batOffset, blockBytes } = header;
  if (!checksumFits(header.bytes, HEADER_CHECKSUM_AT)) {
    throw invalid(file, offset + HEADER_CHECKSUM_AT, 'the dynamic header checksum is wrong');
  }
  if (bat.length < vhdBlocks(footer, header)) {
    throw invalid(file, offset + 28, 'the block allocation table is too small for the disk');
  }
  const batEnd = batOffset + bat.length * 4;
  for (const [block, sector] of bat.entries()) {
    if (sector === UNUSED_BAT_ENTRY) continue;
    const start = sector * SECTOR_BYTES;
    const dataBytes = Math.min(blockBytes, footer.virtualBytes - block * blockBytes);
    const end = start + bitmapBytes(blockBytes) + dataBytes;
    const inHeader = start < offset + DYNAMIC_HEADER_BYTES && end > offset;
    const inBat = start < batEnd && end > batOffset;
    if (inHeader || inBat || start < SECTOR_BYTES || end > file.length) {
      throw invalid(file, batOffset + block * 4, `block ${block} lies in the tables or outside the file`);
    }
  }
}
