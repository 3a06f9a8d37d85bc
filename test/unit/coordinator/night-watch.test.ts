import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { type BatchContext, type ClaimedJob, claimJob, enterStep } from '../../../src/coordinator/job.js';
import { LiveServers } from '../../../src/coordinator/live/live-servers.js';
import { watchNight } from '../../../src/coordinator/night/night-watch.js';
import { ProgressReporter } from '../../../src/coordinator/progress-reporter.js';
import { runJob } from '../../../src/coordinator/run-job.js';
import { Ledger } from '../../../src/ledger/index.js';
import { XenferryError } from '../../../src/model/errors.js';
import { MIB } from '../../../src/model/units.js';
import { collectReport } from '../../../src/report/index.js';
import { DEFAULT_POLICY, RateMeter } from '../../../src/scheduling/index.js';
import { WorkerThreadsPool } from '../../../src/worker-threads-pool/index.js';
import { testMachine, testPlanned } from '../../support/machines.js';
import { MINUTE, NO_LIMITS, testJob } from '../../support/small-night.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder } = tempFiles();
const ledger = await Ledger.open({ folder });
const pool = new WorkerThreadsPool(1);
afterAll(async () => {
  await pool.close();
  await ledger.close();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

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

test('a machine whose step hangs is stopped when its time is over, and tried again', {
  timeout: 60_000,
}, async () => {
  const { batchId, jobs } = await enlisted(['only']);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  const clock = setInterval(() => vi.setSystemTime(Date.now() + MINUTE), 50);
  const reporter = new ProgressReporter(ledger);
  const told: string[] = [];
  const context: BatchContext = {
    ledger,
    pool,
    target: folder,
    signal: new AbortController().signal,
    observe: (event) => {
      reporter.observe(event);
      if (event.kind === 'stuck') told.push(event.step);
    },
    worker: 'w',
    liveServers: new LiveServers(),
    checksum: 'sha1',
    digest: 'xxh64',
    profiles: [],
    guests: { tools: null, luksKeys: [], isolate: false },
  };
  let runs = 0;
  const delivery = {
    surroundings: () => null,
    lasting: () => null,
    deliverWarm: null,
    refix: async () => {},
    waysIn: () => [],
    isFinished: async () => false,
    check: async () => {},
    deliver: async (job: ClaimedJob, own: BatchContext) => {
      await enterStep(own, job, 'convert');
      if (++runs > 1) return;
      await once(own.signal, 'abort');
      throw new XenferryError('CANCELED', 'the conversion was stopped');
    },
    afterwards: async () => [],
    close: async () => [],
  };
  await watchNight({
    context,
    batchId,
    jobs,
    scheduled: jobs.map(({ planned: { name } }) => testJob(name, { wave: name, bytes: MIB })),
    parts: {
      waves: [{ name: 'only', window: null }],
      startsAt: null,
      blackOuts: [],
      limits: NO_LIMITS,
      caps: [],
      policy: DEFAULT_POLICY,
    },
    meter,
    runner: {
      run: async (job, signal) => runJob({ ...context, signal }, delivery, await claimJob(context, job)),
      limitBandwidth: async () => {},
    },
    continues: false,
    isFinished: async () => false,
  });
  clearInterval(clock);
  await reporter.close();
  expect(told).toEqual(['convert']);
  expect(runs).toBe(2);
  expect((await ledger.jobs(batchId)).map(({ state }) => state)).toEqual(['done']);
  const failures = await ledger.nights.failures(batchId);
  expect(failures.map(({ code }) => code)).toEqual(['STEP_STUCK']);
  expect(failures[0]?.message).toMatch(/^convert has not come on for \d h/);
  const [machine] = (await collectReport(ledger, folder, batchId))?.machines ?? [];
  expect(machine?.tries.map(({ code }) => code)).toEqual(['STEP_STUCK']);
});
