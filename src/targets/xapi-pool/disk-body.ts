import {
  blockStream,
  type ConvertedDisk,
  type DiskConversionOptions,
  qcow2Stream,
  vhdStream,
} from '../../conversion/index.js';
import { BLOCK_BYTES, blockCount, roundUp, SECTOR_BYTES } from '../../model/units.js';
import type { ImportFormat } from '../../xapi/index.js';

/** What is sent of a disk. */
export interface DiskBody {
  readonly byteLength: number;
  readonly pieces: AsyncIterable<Uint8Array>;
}

type OnEnd = (converted: ConvertedDisk) => void;

/** A chunk's head: its place on the disk (64 bits) and its length (32), little-endian (vhd-tool, chunked.ml). */
const HEAD_BYTES = 12;
const ZEROS = Buffer.alloc(BLOCK_BYTES);

/**
 * A disk as the import takes it. `overwrites`: bytes of the VDI that hold what was there before, from its start; 0 for
 * one that reads as zeros until something is written. Only chunks can overwrite. Throws VHD_TOO_LARGE for a VHD that
 * would be.
 */
export function diskBody(
  conversion: DiskConversionOptions,
  format: ImportFormat,
  overwrites: number,
  onEnd: OnEnd,
): DiskBody {
  switch (format) {
    case 'vhd':
      return vhdStream(conversion, onEnd);
    case 'qcow2':
      return qcow2Stream(conversion, onEnd);
    case 'chunked':
      return { byteLength: mostBytes(conversion, overwrites), pieces: chunks(conversion, overwrites, onEnd) };
  }
}

/** Blocks turn out to be zeros only when they are read, and are then left out. */
function mostBytes({ allocated }: DiskConversionOptions, overwrites: number): number {
  const blocks = Math.max(
    allocated.reduce((sum, flag) => sum + flag, 0),
    blockCount(overwrites),
  );
  // What follows a block's own bytes may be a chunk of its own.
  return (blocks + 2) * HEAD_BYTES + blocks * BLOCK_BYTES;
}

async function* chunks(
  conversion: DiskConversionOptions,
  overwrites: number,
  onEnd: OnEnd,
): AsyncGenerator<Uint8Array> {
  let written = 0;
  function* zerosUntil(end: number): Generator<Uint8Array> {
    while (written < Math.min(end, overwrites)) {
      const length = Math.min(BLOCK_BYTES, Math.min(end, overwrites) - written);
      yield* chunk(written, ZEROS.subarray(0, length));
      written += length;
    }
  }
  for await (const { block, bytes } of blockStream(conversion, onEnd)) {
    const start = block * BLOCK_BYTES;
    yield* zerosUntil(start);
    if (overwrites === 0 && bytes.equals(ZEROS.subarray(0, bytes.length))) continue;
    yield* chunk(start, bytes);
    written = start + roundUp(bytes.length, SECTOR_BYTES);
  }
  yield* zerosUntil(overwrites);
  yield Buffer.alloc(HEAD_BYTES);
}

/** A disk may end within a sector; the importer takes whole ones only. */
function* chunk(offset: number, bytes: Buffer): Generator<Uint8Array> {
  const length = roundUp(bytes.length, SECTOR_BYTES);
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeBigUInt64LE(BigInt(offset), 0);
  head.writeUInt32LE(length, 8);
  yield head;
  yield bytes;
  if (length > bytes.length) yield ZEROS.subarray(0, length - bytes.length);
}
