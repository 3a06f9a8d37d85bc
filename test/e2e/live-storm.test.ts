import { describe, expect, it } from 'vitest';
import { surviveLiveStorm } from '../support/live-storm.js';
import { tempFiles } from '../support/temp-files.js';

const { folder } = tempFiles();
const SEEDS = Array.from({ length: 8 }, (_, index) => index + 1);

// Two hundred of them are in the slow tests.
describe('machines of a vCenter that fails at random', () => {
  it.each(SEEDS)('arrive or are as they were, and arrive when run again, seed %i', async (seed) => {
    expect(await surviveLiveStorm(folder, seed)).toBeLessThanOrEqual(2);
  }, 120_000);
});
