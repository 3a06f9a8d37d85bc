import { createHash } from 'node:crypto';
import xxhash, { type XXHashAPI } from 'xxhash-wasm';
import type { ChunkChecksum } from '../xva/index.js';

let loaded: Promise<XXHashAPI> | undefined;

/** XXH64 with seed 0, at memory speed; loaded once per thread. */
export async function loadXxh64(): Promise<(bytes: Uint8Array) => bigint> {
  loaded ??= xxhash();
  const { h64Raw } = await loaded;
  return (bytes) => h64Raw(bytes);
}

/** The text an XVA carries for a chunk: 40 lower-case digits of SHA-1, or 16 upper-case digits of XXH64. */
export function chunkChecksum(
  kind: ChunkChecksum,
  bytes: Uint8Array,
  xxh64: (bytes: Uint8Array) => bigint,
): string {
  if (kind === 'sha1') return createHash('sha1').update(bytes).digest('hex');
  return xxh64(bytes).toString(16).padStart(16, '0').toUpperCase();
}
