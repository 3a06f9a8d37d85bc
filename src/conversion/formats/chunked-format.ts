import { BLOCK_BYTES, roundUp, SECTOR_BYTES } from '../../model/units.js';
import { DATA_ALIGNMENT } from '../../vhd/index.js';
import type { BlockFormat, FormatSpec } from './block-format.js';

/** A chunk's head: its place on the disk (64 bits) and its length (32), little-endian (vhd-tool, chunked.ml). */
export const CHUNK_HEAD_BYTES = 12;

/** Writes a head at the start of `target`. */
export function writeChunkHead(target: Buffer, offset: number, length: number): void {
  target.writeBigUInt64LE(BigInt(offset), 0);
  target.writeUInt32LE(length, 8);
}

/** Each block with a head right before it. A disk may end within a sector; who takes chunks takes whole ones only. */
export function chunkedFormat({ capacityBytes }: FormatSpec & { kind: 'chunked' }): BlockFormat {
  return {
    ranked: true,
    allUnits: 1,
    unitsOf: (_block, _data, isZero) => (isZero ? 0 : 1),
    encode: (block, _unitBits, { whole }) => {
      const offset = block * BLOCK_BYTES;
      const length = Math.min(BLOCK_BYTES, roundUp(capacityBytes - offset, SECTOR_BYTES));
      const chunk = whole.subarray(DATA_ALIGNMENT - CHUNK_HEAD_BYTES, DATA_ALIGNMENT + length);
      writeChunkHead(chunk, offset, length);
      return [chunk];
    },
    offsetOf: (_block, rank) => rank * (CHUNK_HEAD_BYTES + BLOCK_BYTES),
  };
}
