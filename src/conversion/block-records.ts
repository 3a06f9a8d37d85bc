/** Which digest of each block is kept as evidence; XXH64 is always kept, for verification. */
export type BlockDigest = 'xxh64' | 'sha256';

/** What is known of a run of blocks. */
export interface BlockRecords {
  /** The units stored of each block, one bit each. */
  readonly unitBits: Uint8Array;
  /** Of each block, 0 for zeros. */
  readonly digests: BigUint64Array;
  /** 32 bytes a block, zeros for zeros; null when it was not asked for. */
  readonly sha256: Uint8Array | null;
}

/** Remembers finished blocks beyond the life of the process. */
export interface BlockJournal {
  /** Records of the blocks from 0 on that are safely in the partial file; empty at first. */
  load(): Promise<BlockRecords>;
  /** Adds records that follow those already there. */
  append(firstBlock: number, records: BlockRecords): Promise<void>;
}

export const NO_RECORDS: BlockRecords = {
  unitBits: new Uint8Array(),
  digests: new BigUint64Array(),
  sha256: null,
};

/** `records`, but of the blocks that `changed` marks what `found` says of them. All are of the same blocks. */
export function patchedRecords(
  records: BlockRecords,
  found: BlockRecords,
  changed: Uint8Array,
): BlockRecords {
  const unitBits = Uint8Array.from(records.unitBits);
  const digests = BigUint64Array.from(records.digests);
  const sha256 = records.sha256 === null || found.sha256 === null ? null : Uint8Array.from(records.sha256);
  for (const [block, flag] of changed.entries()) {
    if (flag === 0) continue;
    unitBits[block] = found.unitBits[block] ?? 0;
    digests[block] = found.digests[block] ?? 0n;
    if (sha256 !== null) sha256.set(found.sha256?.subarray(block * 32, (block + 1) * 32) ?? [], block * 32);
  }
  return { unitBits, digests, sha256 };
}
