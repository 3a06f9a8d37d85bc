import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { MIB } from '../../src/model/units.js';
import { expectSurvivesChaos } from '../support/chaos.js';
import { newTarget, testStores } from '../support/stores.js';
import { tempFiles } from '../support/temp-files.js';

/** Of the coordinator and of workers, on each store; on SQLite the coordinator runs the machines itself. */
const KILLS = Number(process.env.XENFERRY_TEST_KILLS ?? 100);
const SEED = Number(process.env.XENFERRY_TEST_SEED ?? Date.now() % 1_000_000);

const { folder } = tempFiles();

it.each(
  testStores(),
)(`ends every batch whole on $name after ${KILLS} kills (XENFERRY_TEST_SEED=${SEED})`, async ({
  name,
  newPlace,
}) => {
  const killed = await expectSurvivesChaos({
    folder: mkdtempSync(join(folder, 'chaos-')),
    place: await newPlace(newTarget(folder)),
    kills: KILLS,
    workers: name === 'PostgreSQL' ? 3 : 0,
    seed: SEED,
    machineBytes: [128 * MIB, 64 * MIB, 128 * MIB, 96 * MIB, 64 * MIB],
  });
  expect(killed).toBe(KILLS);
});
