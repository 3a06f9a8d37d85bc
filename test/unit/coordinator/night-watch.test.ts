import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test, vi } from 'vitest';
import { watchNight } from '../../../src/coordinator/night/night-watch.js';
import { Ledger } from '../../../src/ledger/index.js';
import { MIB } from '../../../src/model/units.js';
import { DEFAULT_POLICY, RateMeter } from '../../../src/scheduling/index.js';
import { testMachine, testPlanned } from '../../support/machines.js';
import { NO_LIMITS, testJob } from '../../support/small-night.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder } = tempFiles();
const ledger = await Ledger.open({ folder });
afterAll(() => ledger.close());

const SPEED = 100 * MIB;
const meter = new RateMeter(() => SPEED, 0);

/** A batch of a machine a wave, in the order of the waves. */
async function enlisted(waves: readonly string[]) {
  const filed = { sources: '[]', target: folder, destination: '{}' };
  const batchId = await ledger.beginBatch(filed);
  const machines = waves.map((wave) => ({
    wave,
    planned: testPlanned(testMachine({ id: wave, name: wave })),
  }));
  await ledger.enlist(
    batchId,
    machines.map(({ wave, planned }) => ({
      machineId: wave,
      planned: JSON.stringify(planned),
      fingerprint: 'f',
      name: wave,
      wave,
      dataBytes: MIB,
    })),
  );
  const records = await ledger.jobs(batchId);
  const jobs = machines.map(({ planned, wave }) => {
    const record = records.find(({ machineId }) => machineId === wave);
    if (record === undefined) throw new Error(`${wave} was not enlisted`);
    return { record, planned, surroundings: null, lasting: null, fingerprint: 'f' };
  });
  return { batchId, jobs };
}

test('the next wave starts when the last machine of one ends while the forecast is written', async () => {
  const { batchId, jobs } = await enlisted(['first', 'second']);
  let written = () => {};
  const forecastWritten = new Promise<void>((resolve) => {
    written = resolve;
  });
  const { nights } = ledger;
  const setOutlook = nights.setOutlook.bind(nights);
  vi.spyOn(nights, 'setOutlook').mockImplementation(async (...told) => {
    await setOutlook(...told);
    written();
    await sleep(200);
  });
  await watchNight({
    context: { ledger, signal: new AbortController().signal, observe: () => {} },
    batchId,
    jobs,
    scheduled: jobs.map(({ planned: { name } }) => testJob(name, { wave: name, bytes: MIB })),
    parts: {
      waves: ['first', 'second'].map((name) => ({ name, window: null })),
      startsAt: null,
      blackOuts: [],
      limits: NO_LIMITS,
      caps: [],
      policy: DEFAULT_POLICY,
    },
    meter,
    runner: {
      run: async ({ record }) => {
        await forecastWritten;
        await ledger.setState(record.id, 'done');
      },
      limitBandwidth: async () => {},
    },
    continues: false,
    isFinished: async () => true,
  });
  const ends = (await ledger.jobs(batchId)).map(({ name, state, error }) => ({ name, state, error }));
  expect(ends).toEqual([
    { name: 'first', state: 'done', error: null },
    { name: 'second', state: 'done', error: null },
  ]);
});
