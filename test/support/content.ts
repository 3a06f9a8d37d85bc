import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import xxhash from 'xxhash-wasm';
import { BLOCK_BYTES } from '../../src/model/units.js';

const ZERO_BLOCK = Buffer.alloc(BLOCK_BYTES);

export interface Content {
  /** Of blocks that are not zeros throughout. */
  readonly dataBytes: number;
  /** As docs/verification.md defines it: SHA-256 over number and digest of each such block. */
  readonly digest: string;
}

/** What a conversion must say of the content of a raw disk, found out by plain reading. */
export async function contentOf(raw: string, algorithm: 'xxh64' | 'sha256' = 'xxh64'): Promise<Content> {
  const digestOf = algorithm === 'xxh64' ? await xxh64() : sha256;
  const hash = createHash('sha256');
  const block = Buffer.alloc(BLOCK_BYTES);
  const entry = Buffer.alloc(8);
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
    hash.update(entry).update(digestOf(block));
  }
  await file.close();
  return { dataBytes, digest: `${algorithm}:${hash.digest('hex')}` };
}

function sha256(block: Buffer): Buffer {
  return createHash('sha256').update(block).digest();
}

/** Little-endian. */
async function xxh64(): Promise<(block: Buffer) => Buffer> {
  const { h64Raw } = await xxhash();
  return (block) => {
    const digest = Buffer.alloc(8);
    digest.writeBigUInt64LE(h64Raw(block));
    return digest;
  };
}
