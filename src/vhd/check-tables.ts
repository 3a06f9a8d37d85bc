import { type ByteSource, readBytes } from '../io/byte-source.js';
import { BLOCK_BYTES, MIB, roundUp, SECTOR_BYTES } from '../model/units.js';
import { isZeros, tapdiskVersion } from './check-footer.js';
import { checksumFits, vhdChecksum } from './checksum.js';
import { type DynamicHeader, HEADER_CHECKSUM_AT } from './dynamic-header.js';
import { NO_OFFSET, type VhdFooter } from './footer.js';
import { UNUSED_BAT_ENTRY } from './layout.js';
import { bitmapBytes, type VhdTables, vhdBlocks } from './tables.js';

const FIRST_TAPDISK_WITH_BATMAP = 0x0001_0002;
/** Eight times what the largest disk needs. */
const MAX_BATMAP_BYTES = MIB;

/** What `vhd-util check` refuses in a dynamic header, in words; but for what it says of a parent. */
export function* headerFindings(footer: VhdFooter, header: DynamicHeader): Generator<string> {
  const { bytes, blockBytes, batOffset, batEntries } = header;
  if (!checksumFits(bytes, HEADER_CHECKSUM_AT)) yield 'the dynamic header checksum is wrong';
  if (bytes.readBigUInt64BE(8) !== NO_OFFSET) yield 'the dynamic header has a data offset';
  if (bytes.readUInt32BE(24) !== 0x0001_0000) yield 'the dynamic header version is not 1.0';
  if (blockBytes !== BLOCK_BYTES) yield `blocks of ${blockBytes} bytes instead of 2 MiB`;
  if (batOffset % SECTOR_BYTES !== 0) yield 'the block allocation table does not start on a sector';
  if (batEnd(header) > footer.offset) yield 'the block allocation table runs past the end';
  if (batEntries < vhdBlocks(footer, header)) yield 'the block allocation table is too small for the disk';
  if (bytes.readUInt32BE(60) !== 0 || !isZeros(bytes.subarray(768)))
    yield 'reserved bytes of the header are set';
}

/** Blocks that overlap each other, the footer, or the tables, which end at byte `tablesEnd`. */
export function* blockFindings(
  footer: VhdFooter,
  { header, bat }: VhdTables,
  tablesEnd: number,
): Generator<string> {
  const stride = bitmapBytes(header.blockBytes) + header.blockBytes;
  const sectors = bat.filter((sector) => sector !== UNUSED_BAT_ENTRY).sort();
  for (const [index, sector] of sectors.entries()) {
    const offset = sector * SECTOR_BYTES;
    const following = sectors[index + 1];
    const next = following === undefined ? footer.offset : following * SECTOR_BYTES;
    if (offset < tablesEnd) yield `the block at byte ${offset} overlaps the tables`;
    if (offset + stride > next)
      yield `the block at byte ${offset} overlaps what follows or runs past the end`;
  }
}

/**
 * What is wrong with the batmap, and the byte where it ends. XenServer wants one in files of its own tapdisk alone; of
 * others nothing is known. Rejects with SOURCE_*.
 */
export async function judgeBatmap(
  file: ByteSource,
  footer: VhdFooter,
  header: DynamicHeader,
): Promise<{ readonly end: number; readonly findings: readonly string[] }> {
  if (tapdiskVersion(footer.bytes) < FIRST_TAPDISK_WITH_BATMAP) return { end: 0, findings: [] };
  const offset = roundUp(batEnd(header), SECTOR_BYTES);
  const start = offset + SECTOR_BYTES <= file.length ? await readBytes(file, offset, SECTOR_BYTES) : null;
  if (start?.toString('latin1', 0, 8) !== 'tdbatmap') return { end: 0, findings: ['the batmap is missing'] };
  const mapOffset = Number(start.readBigUInt64BE(8));
  const mapBytes = start.readUInt32BE(16) * SECTOR_BYTES;
  const end = mapOffset + mapBytes;
  if (end > file.length || mapBytes * 8 < header.batEntries || mapBytes > MAX_BATMAP_BYTES) {
    return { end: 0, findings: ['the batmap lies outside the file or has an odd size'] };
  }
  const fits = vhdChecksum(await readBytes(file, mapOffset, mapBytes)) === start.readUInt32BE(24);
  return { end, findings: fits ? [] : ['the batmap checksum is wrong'] };
}

/** Byte after the block allocation table. */
export function batEnd({ batOffset, batEntries }: DynamicHeader): number {
  return batOffset + batEntries * 4;
}
