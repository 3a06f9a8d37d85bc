import { describe, expect, it } from 'vitest';
import { surviveLiveStorm } from '../support/live-storm.js';
import { tempFiles } from '../support/temp-files.js';

const RUNS = 200;
/** Beyond those of the quick tests. */
const FIRST_SEED = 1000;

const { folder } = tempFiles();

describe('two hundred batches from a vCenter that fails at random', () => {
  it.each(
    Array.from({ length: RUNS }, (_, index) => FIRST_SEED + index),
  )('arrive or leave the source as it was, and arrive when run again, seed %i', async (seed) => {
    expect(await surviveLiveStorm(folder, seed)).toBeLessThanOrEqual(2);
  }, 300_000);
});
