import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { surviveStorm } from '../support/pool-storm.js';
import { type SmallMachine, writeSmallEstate } from '../support/small-estate.js';
import { tempFiles } from '../support/temp-files.js';

const RUNS = 200;
/** Beyond those of the quick tests. */
const FIRST_SEED = 1000;

const { folder } = tempFiles();
const estate = join(folder, 'estate');
let machines: SmallMachine[];

beforeAll(async () => {
  machines = await writeSmallEstate(estate, 3);
});

describe('two hundred batches into a pool that fails at random', () => {
  it.each(
    Array.from({ length: RUNS }, (_, index) => FIRST_SEED + index),
  )('end clean and complete when run again, seed %i', async (seed) => {
    const { done } = await surviveStorm({ folder, estate, machines, seed });
    expect(done).toBeLessThanOrEqual(machines.length);
  }, 120_000);
});
