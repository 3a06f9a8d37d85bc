import { createHash } from 'node:crypto';
import type { ChunkChecksum } from '../xva/index.js';
import type { BlockKernels } from './block-kernels.js';

/** The text an XVA carries for a chunk: 40 lower-case digits of SHA-1, or 16 upper-case digits of XXH64. */
export function chunkChecksum(kind: ChunkChecksum, chunk: Buffer, kernels: BlockKernels): string {
  if (kind === 'sha1') return createHash('sha1').update(chunk).digest('hex');
  return kernels.xxh64(chunk).toString(16).padStart(16, '0').toUpperCase();
}

/** 32 bytes. */
export function sha256Of(block: Buffer): Buffer {
  return createHash('sha256').update(block).digest();
}
