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
 * A disk as the import takes it; `zeroed` tells whether the VDI reads as zeros until something is written.
 * Throws VHD_TOO_LARGE for a VHD that would be.
 */
export function diskBody(
  conversion: DiskConversionOptions,
  format: ImportFormat,
  zeroed: boolean,
  onEnd: OnEnd,
): DiskBody {
  switch (format) {
    case 'vhd':
      return vhdStream(conversion, onEnd);
    case 'qcow2':
      return qcow2Stream(conversion, onEnd);
    case 'chunked':
      return { byteLength: mostBytes(conversion, zeroed), pieces: chunks(conversion, zeroed, onEnd) };
  }
}

/** Blocks turn out to be zeros only when they are read, and are then left out. */
function mostBytes({ allocated, capacityBytes }: DiskConversionOptions, zeroed: boolean): number {
  const blocks = zeroed ? allocated.reduce((sum, flag) => sum + flag, 0) : blockCount(capacityBytes);
  return (blocks + 1) * HEAD_BYTES + blocks * BLOCK_BYTES;
}

async function* chunks(
  conversion: DiskConversionOptions,
  zeroed: boolean,
  onEnd: OnEnd,
): AsyncGenerator<Uint8Array> {
  const { capacityBytes } = conversion;
  let next = 0;
  function* zerosUntil(block: number): Generator<Uint8Array> {
    for (; next < block && !zeroed; next++) {
      const bytes = ZEROS.subarray(0, Math.min(BLOCK_BYTES, capacityBytes - next * BLOCK_BYTES));
      yield* chunk(next, bytes);
    }
  }
  for await (const { block, bytes } of blockStream(conversion, onEnd)) {
    yield* zerosUntil(block);
    if (!zeroed || !bytes.equals(ZEROS.subarray(0, bytes.length))) yield* chunk(block, bytes);
    next = block + 1;
  }
  yield* zerosUntil(blockCount(capacityBytes));
  yield Buffer.alloc(HEAD_BYTES);
}

/** A disk may end within a sector; the importer takes whole ones only. */
function* chunk(block: number, bytes: Buffer): Generator<Uint8Array> {
  const length = roundUp(bytes.length, SECTOR_BYTES);
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeBigUInt64LE(BigInt(block) * BigInt(BLOCK_BYTES), 0);
  head.writeUInt32LE(length, 8);
  yield head;
  yield bytes;
  if (length > bytes.length) yield ZEROS.subarray(0, length - bytes.length);
}
