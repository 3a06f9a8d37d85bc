import { XenferryError } from '../model/errors.js';
import type { BlockKernels } from './block-kernels.js';
import type { BlockRecords } from './block-records.js';
import { sha256Of } from './checksums.js';

/** Compares blocks with what the conversion noted of them. */
export class BlockJudge {
  readonly #path: string;
  readonly #kernels: BlockKernels;
  readonly #expected: readonly BlockRecords[] | null;
  readonly #canceled: Int32Array;

  constructor(
    path: string,
    kernels: BlockKernels,
    expected: readonly BlockRecords[] | null,
    canceled: Int32Array,
  ) {
    this.#path = path;
    this.#kernels = kernels;
    this.#expected = expected;
    this.#canceled = canceled;
  }

  /** `content` is null for a block that is not stored. Throws VERIFY_MISMATCH, CANCELED. */
  judge(disk: number, block: number, content: Buffer | null): void {
    if (Atomics.load(this.#canceled, 0) !== 0) {
      throw new XenferryError('CANCELED', 'the verification was stopped');
    }
    const records = this.#expected?.[disk];
    if (records === undefined) return;
    const expected = records.digests[block] ?? 0n;
    const isZero = content === null || this.#kernels.isZero(content);
    const same = isZero
      ? expected === 0n
      : this.#kernels.xxh64(content) === expected && this.#sameSha256(records, block, content);
    if (same) return;
    const message = `disk ${disk} block ${block} reads back different from its source`;
    throw new XenferryError('VERIFY_MISMATCH', message, { file: this.#path });
  }

  #sameSha256({ sha256 }: BlockRecords, block: number, content: Buffer): boolean {
    return sha256 === null || sha256Of(content).equals(sha256.subarray(block * 32, (block + 1) * 32));
  }
}
