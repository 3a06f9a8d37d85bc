import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { surviveStorm } from '../support/pool-storm.js';
import { type SmallMachine, writeSmallEstate } from '../support/small-estate.js';
import { tempFiles } from '../support/temp-files.js';

const { folder } = tempFiles();
const estate = join(folder, 'estate');
let machines: SmallMachine[];

beforeAll(async () => {
  machines = await writeSmallEstate(estate, 3);
});

// Two hundred of them are in the slow tests.
describe('a batch into a pool that fails at random', () => {
  it.each([1, 2, 3, 4, 5, 6])('ends clean and completes when run again, seed %i', async (seed) => {
    const { done } = await surviveStorm({ folder, estate, machines, seed });
    expect(done).toBeLessThanOrEqual(machines.length);
  }, 120_000);
});
