import type { Transaction } from 'kysely';
import type { LedgerSchema } from './schema.js';
import type { LedgerStore } from './store.js';

type Change = (action: (trx: Transaction<LedgerSchema>) => Promise<unknown>) => Promise<unknown>;

/** One unit-bits byte and one XXH64 per block, and 32 bytes of SHA-256 where they are kept. */
export interface Records {
  readonly unitBits: Uint8Array;
  readonly digests: BigUint64Array;
  readonly sha256: Uint8Array | null;
}

/** The blocks of one disk that are safely in the partial file. */
export class LedgerBlockJournal {
  readonly #store: LedgerStore;
  readonly #change: Change;
  readonly #key: { readonly job_id: number; readonly disk: number };

  /** `change` runs changes for as long as the job is held. */
  constructor(store: LedgerStore, change: Change, jobId: number, disk: number) {
    this.#store = store;
    this.#change = change;
    this.#key = { job_id: jobId, disk };
  }

  /** Records from block 0 on, up to the first gap. */
  async load(): Promise<Records> {
    const rows = await this.#store.durably(() =>
      this.#store.db
        .selectFrom('blocks')
        .select(['first_block', 'unit_bits', 'digests', 'sha256'])
        .where('job_id', '=', this.#key.job_id)
        .where('disk', '=', this.#key.disk)
        .orderBy('first_block')
        .execute(),
    );
    const bits: Buffer[] = [];
    const digests: Buffer[] = [];
    const sha256: Buffer[] = [];
    let next = 0;
    for (const row of rows) {
      if (row.first_block !== next) break;
      bits.push(row.unit_bits);
      digests.push(row.digests);
      if (row.sha256 !== null) sha256.push(row.sha256);
      next += row.unit_bits.length;
    }
    return {
      unitBits: Uint8Array.from(Buffer.concat(bits)),
      digests: decodeDigests(Buffer.concat(digests)),
      sha256: sha256.length === 0 ? null : Buffer.concat(sha256),
    };
  }

  async append(firstBlock: number, records: Records): Promise<void> {
    const blocks = blocksRow(records);
    await this.#change((trx) =>
      trx
        .insertInto('blocks')
        .values({ ...this.#key, first_block: firstBlock, ...blocks })
        // The answer to an earlier attempt may have been lost, not the attempt.
        .onConflict((conflict) => conflict.columns(['job_id', 'disk', 'first_block']).doUpdateSet(blocks))
        .execute(),
    );
  }
}

/** Records as the table `blocks` has them. */
export function blocksRow({ unitBits, digests, sha256 }: Records) {
  return {
    unit_bits: Buffer.from(unitBits),
    digests: encodeDigests(digests),
    sha256: sha256 === null ? null : Buffer.from(sha256),
  };
}

function encodeDigests(digests: BigUint64Array): Buffer {
  const bytes = Buffer.alloc(digests.length * 8);
  for (const [block, digest] of digests.entries()) bytes.writeBigUInt64LE(digest, block * 8);
  return bytes;
}

function decodeDigests(bytes: Buffer): BigUint64Array {
  return BigUint64Array.from({ length: bytes.length / 8 }, (_, block) => bytes.readBigUInt64LE(block * 8));
}

/** Number of blocks that are not zeros. */
export function countDigests(digests: Buffer): number {
  return decodeDigests(digests).filter((digest) => digest !== 0n).length;
}
