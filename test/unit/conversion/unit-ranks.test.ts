import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlockBoard } from '../../../src/conversion/block-board.js';
import { UnitRanks, unitCount } from '../../../src/conversion/unit-ranks.js';

describe('ranks', () => {
  it('are the units of all earlier blocks, whatever the order in which threads finish', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 40 }),
        fc.gen(),
        async (bits, gen) => {
          const board = BlockBoard.create(bits.length, 'xxh64');
          const threads = [new UnitRanks(board), new UnitRanks(BlockBoard.attach(board.memory))];
          const claimed = bits.map((_, block) => {
            const thread = threads[gen(fc.nat, 1)] ?? new UnitRanks(board);
            expect(board.claim()).toBe(block);
            thread.expect(block);
            return { block, thread };
          });
          const ranks = claimed.map(({ block, thread }) => thread.rankOf(block));
          const order = claimed.map(({ block }) => block).sort(() => gen(fc.integer, { min: -1, max: 1 }));
          for (const block of order) board.resolve(block, bits[block] ?? 0, 1n, null);
          let expected = 0;
          for (const [block, rank] of ranks.entries()) {
            expect(await rank).toBe(expected);
            expected += unitCount(bits[block] ?? 0);
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it('that can no longer come are given up when the board is aborted', async () => {
    const board = BlockBoard.create(2, 'xxh64');
    const ranks = new UnitRanks(board);
    board.claim();
    const second = board.claim() ?? -1;
    ranks.expect(second);
    const waiting = ranks.rankOf(second);
    board.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELED' });
  });
});

describe('a board', () => {
  it('hands out each block once and leaves out settled ones', () => {
    const board = BlockBoard.create(5, 'xxh64');
    board.settleKnown({ unitBits: Uint8Array.of(1), digests: BigUint64Array.of(9n), sha256: null });
    board.settleZeros(3);
    expect([board.claim(), board.claim(), board.claim(), board.claim()]).toEqual([1, 2, 4, null]);
    expect(board.exhausted).toBe(true);
  });
});
