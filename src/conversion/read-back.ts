import { BLOCK_BYTES } from '../model/units.js';
import { BlockJudge } from './block-judge.js';
import { type BlockKernels, loadBlockKernels } from './block-kernels.js';
import type { BlockRecords } from './block-records.js';

/** A disk that is read back, from its start or block by block, compared with the digests of its conversion. */
export class ReadBack {
  readonly #judge: BlockJudge;
  readonly #block: Buffer;
  #filled = 0;
  #blocks = 0;

  private constructor(judge: BlockJudge, kernels: BlockKernels) {
    this.#judge = judge;
    this.#block = kernels.allocate(BLOCK_BYTES);
  }

  /** `place` is for errors. */
  static async create(records: BlockRecords, place: string): Promise<ReadBack> {
    const kernels = await loadBlockKernels(BLOCK_BYTES);
    // XXH64 alone: SHA-256 would hold up everything else that this thread has to do.
    const judge = new BlockJudge(place, kernels, [{ ...records, sha256: null }], new Int32Array(1));
    return new ReadBack(judge, kernels);
  }

  /** Bytes so far. */
  get bytes(): number {
    return this.#blocks * BLOCK_BYTES + this.#filled;
  }

  /** Throws VERIFY_MISMATCH. */
  add(bytes: Uint8Array): void {
    for (let taken = 0; taken < bytes.length; ) {
      const length = Math.min(bytes.length - taken, BLOCK_BYTES - this.#filled);
      this.#block.set(bytes.subarray(taken, taken + length), this.#filled);
      taken += length;
      this.#filled += length;
      if (this.#filled === BLOCK_BYTES) this.#finishBlock();
    }
  }

  /** Judges one block of BLOCK_BYTES, wherever it is; null for one of zeros. Throws VERIFY_MISMATCH. */
  judge(block: number, content: Uint8Array | null): void {
    if (content !== null) this.#block.set(content);
    this.#judge.judge(0, block, content === null ? null : this.#block);
  }

  /** Judges the last block, which may be partial. Throws VERIFY_MISMATCH. */
  end(): void {
    if (this.#filled === 0) return;
    this.#block.fill(0, this.#filled);
    this.#finishBlock();
  }

  #finishBlock(): void {
    this.#judge.judge(0, this.#blocks++, this.#block);
    this.#filled = 0;
  }
}
