import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ProgressReporter } from '../../../src/coordinator/progress-reporter.js';
import { Ledger } from '../../../src/ledger/index.js';
import { MIB } from '../../../src/model/units.js';
import { EVENING, MINUTE } from '../../support/small-night.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder } = tempFiles();
const ledger = await Ledger.open({ folder });
afterAll(() => ledger.close());

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: EVENING });
});
afterEach(() => {
  vi.useRealTimers();
});

const batchId = await ledger.beginBatch({ sources: '[]', target: folder, destination: '{}' });
await ledger.enlist(batchId, [
  { machineId: 'm', planned: 'null', fingerprint: 'f', name: 'm', wave: 'w', dataBytes: MIB },
]);
const jobId = (await ledger.jobs(batchId))[0]?.id ?? 0;

const NOTHING_NEW = { totalBytes: 8 * MIB, doneBytes: 2 * MIB, waits: false };

/** When the machine came on last, as told after `minutes`, in minutes since it began to convert. */
async function advancedAt(minutes: number, tell: (reporter: ProgressReporter) => void): Promise<number> {
  const reporter = new ProgressReporter(ledger);
  reporter.observe({ kind: 'job', jobId, name: 'm', state: 'converting', error: null });
  reporter.observe({ kind: 'progress', jobId, name: 'm', disk: 0, progress: NOTHING_NEW });
  vi.setSystemTime(EVENING + minutes * MINUTE);
  tell(reporter);
  await reporter.close();
  const record = (await ledger.nights.progress([jobId])).get(jobId);
  return ((record?.advancedAt ?? 0) - EVENING) / MINUTE;
}

test('a machine comes on when blocks are done, and when it is heard of where none are counted', async () => {
  const progress = { ...NOTHING_NEW, doneBytes: 4 * MIB };
  expect(
    await advancedAt(20, ({ observe }) => observe({ kind: 'progress', jobId, name: 'm', disk: 0, progress })),
  ).toBe(20);
  expect(await advancedAt(20, ({ observe }) => observe({ kind: 'sign', jobId }))).toBe(20);
});

test('a machine that waits for its turn is not silent', async () => {
  const progress = { ...NOTHING_NEW, waits: true };
  expect(
    await advancedAt(20, ({ observe }) => observe({ kind: 'progress', jobId, name: 'm', disk: 0, progress })),
  ).toBe(20);
});

test('a machine of which nothing new is told has not come on', async () => {
  const progress = NOTHING_NEW;
  expect(
    await advancedAt(20, ({ observe }) => observe({ kind: 'progress', jobId, name: 'm', disk: 0, progress })),
  ).toBe(0);
});

test('the hosts are told that a machine goes through now, not those that it has left', async () => {
  const reporter = new ProgressReporter(ledger);
  reporter.observe({ kind: 'job', jobId, name: 'm', state: 'converting', error: null });
  for (const [disk, host] of [
    [0, 'xen1'],
    [1, 'xen1'],
    [0, 'xen2'],
  ] as const)
    reporter.observe({ kind: 'host', jobId, disk, host });
  reporter.observe({ kind: 'host', jobId, disk: 1, host: 'xen3' });
  await reporter.close();
  expect((await ledger.nights.progress([jobId])).get(jobId)?.hosts).toEqual(['xen2', 'xen3']);
});
