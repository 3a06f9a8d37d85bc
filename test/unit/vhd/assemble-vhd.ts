import {
  blockOffset,
  encodeBlockPage,
  encodeVhdFooter,
  encodeVhdMetadata,
  type VhdLayout,
  vhdFileBytes,
} from '../../../src/vhd/index.js';

const MIB = 1024 * 1024;

/** A whole VHD from our encoders, whose stored blocks are full of one byte: `stored`'s flag. */
export function assembleVhd(layout: VhdLayout, uuid: Uint8Array, stored: readonly number[]): Buffer {
  const flags = stored.filter((flag) => flag !== 0);
  const file = Buffer.alloc(vhdFileBytes(layout, flags.length));
  encodeVhdMetadata(layout, Uint8Array.from(stored), uuid).copy(file);
  for (const [rank, flag] of flags.entries()) {
    const offset = blockOffset(layout, rank);
    encodeBlockPage(file.subarray(offset, offset + 4096));
    file.fill(flag, offset + 4096, offset + 4096 + 2 * MIB);
  }
  encodeVhdFooter(layout, uuid).copy(file, file.length - 512);
  return file;
}
