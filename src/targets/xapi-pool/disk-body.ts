import {
  CHUNK_HEAD_BYTES,
  type ConvertedDisk,
  chunkStream,
  type DiskConversionOptions,
  qcow2Stream,
  vhdStream,
  writeChunkHead,
} from '../../conversion/index.js';
import { BLOCK_BYTES, blockCount } from '../../model/units.js';
import type { ImportFormat } from '../../xapi/index.js';

/** What is sent of a disk. */
export interface DiskBody {
  readonly byteLength: number;
  readonly pieces: AsyncIterable<Uint8Array>;
}

type OnEnd = (converted: ConvertedDisk) => void;

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
  return (blocks + 2) * CHUNK_HEAD_BYTES + blocks * BLOCK_BYTES;
}

/** The blocks that `allocated` marks and no others, zeros too, for a VDI that has held something else there. */
export function patchBody(conversion: DiskConversionOptions, onEnd: OnEnd): DiskBody {
  async function* pieces() {
    for await (const { bytes } of chunkStream(conversion, onEnd)) yield bytes;
    yield Buffer.alloc(CHUNK_HEAD_BYTES);
  }
  return { byteLength: mostBytes(conversion, 0), pieces: pieces() };
}

async function* chunks(
  conversion: DiskConversionOptions,
  overwrites: number,
  onEnd: OnEnd,
): AsyncGenerator<Uint8Array> {
  let written = 0;
  function* zerosUntil(end: number): Generator<Uint8Array> {
    if (written >= Math.min(end, overwrites)) return;
    const chunk = Buffer.alloc(CHUNK_HEAD_BYTES + BLOCK_BYTES);
    while (written < Math.min(end, overwrites)) {
      const length = Math.min(BLOCK_BYTES, Math.min(end, overwrites) - written);
      writeChunkHead(chunk, written, length);
      yield chunk.subarray(0, CHUNK_HEAD_BYTES + length);
      written += length;
    }
  }
  for await (const { block, bytes } of chunkStream(conversion, onEnd)) {
    const start = block * BLOCK_BYTES;
    yield* zerosUntil(start);
    const content = bytes.subarray(CHUNK_HEAD_BYTES);
    if (overwrites === 0 && content.equals(ZEROS.subarray(0, content.length))) continue;
    // Head and block in one: a write of a few bytes takes as many turns as one of two million.
    yield bytes;
    written = start + content.length;
  }
  yield* zerosUntil(overwrites);
  yield Buffer.alloc(CHUNK_HEAD_BYTES);
}
