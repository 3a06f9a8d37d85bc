import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import xxhash from 'xxhash-wasm';
import { BLOCK_BYTES } from '../../src/model/units.js';

const ZERO_BLOCK = Buffer.alloc(BLOCK_BYTES);

export interface Content {
  /** Of blocks that are not zeros throughout. */
  readonly dataBytes: number;
  /** As docs/verification.md defines it: SHA-256 over number and XXH64 of each such block, little-endian. */
  readonly digest: string;
}

/** What a conversion must say of the content of a raw disk, found out by plain reading. */
export async function contentOf(raw: string): Promise<Content> {
  const { h64Raw } = await xxhash();
  const hash = createHash('sha256');
  const block = Buffer.alloc(BLOCK_BYTES);
  const entry = Buffer.alloc(16);
  let dataBytes = 0;
  const file = await open(raw, 'r');
  for (let number = 0; ; number++) {
    // The last block counts as if zeros followed the disk.
    block.fill(0);
    const { bytesRead } = await file.read(block, 0, BLOCK_BYTES, number * BLOCK_BYTES);
    if (bytesRead === 0) break;
    if (block.equals(ZERO_BLOCK)) continue;
    dataBytes += BLOCK_BYTES;
    entry.writeBigUInt64LE(BigInt(number), 0);
    entry.writeBigUInt64LE(h64Raw(block), 8);
    hash.update(entry);
  }
  await file.close();
  return { dataBytes, digest: `xxh64:${hash.digest('hex')}` };
}
