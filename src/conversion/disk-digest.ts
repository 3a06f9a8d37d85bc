import { createHash } from 'node:crypto';
import { BLOCK_BYTES } from '../model/units.js';
import type { BlockRecords } from './block-records.js';

/**
 * One digest for a disk's content, the same whatever it was read from or written to: SHA-256 over the number
 * (little-endian, 64 bits) and the digest of every 2 MiB block that is not zeros. The digest is the block's SHA-256
 * where it was asked for, else its XXH64 (little-endian); its name stands before the hexadecimal digits.
 */
export function diskDigest(records: BlockRecords): string {
  const { digests, sha256 } = records;
  if (sha256 === null) return `xxh64:${contentDigest(records)}`;
  const hash = createHash('sha256');
  const number = Buffer.alloc(8);
  for (const block of dataBlocks(digests)) {
    number.writeBigUInt64LE(BigInt(block));
    hash.update(number).update(sha256.subarray(block * 32, (block + 1) * 32));
  }
  return `sha256:${hash.digest('hex')}`;
}

/** The digest made of XXH64, in hexadecimal, whichever was asked for. */
export function contentDigest({ digests }: Pick<BlockRecords, 'digests'>): string {
  const hash = createHash('sha256');
  const entry = Buffer.alloc(16);
  for (const block of dataBlocks(digests)) {
    entry.writeBigUInt64LE(BigInt(block), 0);
    entry.writeBigUInt64LE(digests[block] ?? 0n, 8);
    hash.update(entry);
  }
  return hash.digest('hex');
}

/** Bytes of blocks that are not zeros. */
export function dataBytesOf({ digests }: Pick<BlockRecords, 'digests'>): number {
  let blocks = 0;
  for (const _ of dataBlocks(digests)) blocks++;
  return blocks * BLOCK_BYTES;
}

/** Numbers of the blocks that are not zeros. */
function* dataBlocks(digests: BigUint64Array): Generator<number> {
  // Halves, because each look at a 64-bit element would make garbage.
  const halves = new Uint32Array(digests.buffer, digests.byteOffset, 2 * digests.length);
  for (let block = 0; block < digests.length; block++) {
    if (halves[2 * block] !== 0 || halves[2 * block + 1] !== 0) yield block;
  }
}

/** A UUID that depends on nothing but `seed`, so that the same input gives the same bytes (RFC 9562, version 8). */
export function uuidFrom(seed: string): Buffer {
  const uuid = createHash('sha256').update(seed).digest().subarray(0, 16);
  uuid[6] = ((uuid[6] ?? 0) & 0x0f) | 0x80;
  uuid[8] = ((uuid[8] ?? 0) & 0x3f) | 0x80;
  return uuid;
}

/** `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`. */
export function formatUuid(uuid: Uint8Array): string {
  const hex = Buffer.from(uuid).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
