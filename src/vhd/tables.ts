import { type ByteSource, readBytes } from '../io/byte-source.js';
import { GIB, KIB, MIB, roundUp, SECTOR_BYTES } from '../model/units.js';
import { type DynamicHeader, readDynamicHeader } from './dynamic-header.js';
import type { VhdFooter } from './footer.js';
import { invalid } from './invalid.js';

/** Where the 32-bit sector numbers of a block allocation table end. */
const MAX_READ_BYTES = 2048 * GIB;
const MIN_BLOCK_BYTES = 512 * KIB;
const MAX_BLOCK_BYTES = 64 * MIB;

/** What tells where the blocks of a dynamic or differencing disk are. */
export interface VhdTables {
  readonly header: DynamicHeader;
  /** Sector of each block's bitmap, UNUSED_BAT_ENTRY for one that is not stored; fewer than blocks in a bad file. */
  readonly bat: Uint32Array;
}

/** How many blocks a disk has; the last may be partial. */
export function vhdBlocks({ virtualBytes }: VhdFooter, { blockBytes }: DynamicHeader): number {
  return Math.ceil(virtualBytes / blockBytes);
}

/** Bytes of the bitmap before each block: a bit a sector, in whole sectors (specification, Data Blocks). */
export function bitmapBytes(blockBytes: number): number {
  return roundUp(blockBytes / SECTOR_BYTES / 8, SECTOR_BYTES);
}

/**
 * Reads the dynamic header and the block allocation table, 16 MiB at most and never more than the file has. Neither
 * is judged beyond that. Rejects with VHD_INVALID when they cannot be read, SOURCE_*.
 */
export async function readTables(file: ByteSource, footer: VhdFooter): Promise<VhdTables> {
  if (footer.virtualBytes > MAX_READ_BYTES) {
    throw invalid(file, footer.offset + 48, `a disk of ${footer.virtualBytes} bytes does not fit a VHD`);
  }
  const header = await readDynamicHeader(file, footer);
  const { blockBytes, batOffset, batEntries } = header;
  if (
    !Number.isInteger(Math.log2(blockBytes)) ||
    blockBytes < MIN_BLOCK_BYTES ||
    blockBytes > MAX_BLOCK_BYTES
  ) {
    throw invalid(file, header.offset + 32, `blocks of ${blockBytes} bytes`);
  }
  const entries = Math.min(batEntries, vhdBlocks(footer, header));
  if (batOffset + entries * 4 > file.length) {
    throw invalid(file, header.offset + 16, 'the block allocation table lies outside the file');
  }
  const bytes = await readBytes(file, batOffset, entries * 4);
  const bat = Uint32Array.from({ length: entries }, (_, block) => bytes.readUInt32BE(block * 4));
  return { header, bat };
}
