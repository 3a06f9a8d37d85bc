import type { BlockBoard } from './block-board.js';

/**
 * Where a block's units go in an output without gaps: after all units of the blocks before it.
 * A thread knows that as soon as every earlier block has been looked at, by whichever thread.
 */
export class UnitRanks {
  readonly #board: BlockBoard;
  /** Ranks of claimed blocks that the count has reached. */
  readonly #known = new Map<number, number>();
  readonly #expected = new Set<number>();
  #next = 0;
  #sum = 0;

  constructor(board: BlockBoard) {
    this.#board = board;
  }

  /** Must be called when a block is claimed, before it is resolved. */
  expect(block: number): void {
    this.#expected.add(block);
  }

  /** The rank of a block that stores nothing is of no use: without this, empty disks would leave one a block behind. */
  forget(block: number): void {
    this.#expected.delete(block);
    this.#known.delete(block);
  }

  /** Number of units stored before `block`. Rejects with CANCELED when the board is aborted first. */
  async rankOf(block: number): Promise<number> {
    for (;;) {
      const seen = this.#board.events;
      this.#advance();
      const rank = this.#known.get(block);
      if (rank !== undefined) {
        this.#known.delete(block);
        return rank;
      }
      this.#board.throwIfAborted();
      await this.#board.changedSince(seen);
    }
  }

  #advance(): void {
    for (; this.#next < this.#board.blocks; this.#next++) {
      if (this.#expected.delete(this.#next)) this.#known.set(this.#next, this.#sum);
      const bits = this.#board.unitBits(this.#next);
      if (bits === null) return;
      this.#sum += unitCount(bits);
    }
  }
}

/** How many units the bits stand for. */
export function unitCount(unitBits: number): number {
  let count = 0;
  for (let bits = unitBits; bits !== 0; bits &= bits - 1) count++;
  return count;
}
