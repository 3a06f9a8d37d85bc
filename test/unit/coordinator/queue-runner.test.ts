import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { QueueRunner } from '../../../src/coordinator/queue-runner.js';
import { stopReason } from '../../../src/coordinator/stop-reasons.js';
import { Ledger } from '../../../src/ledger/index.js';
import { MIB } from '../../../src/model/units.js';
import { testMachine, testPlanned } from '../../support/machines.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder } = tempFiles();
const ledger = await Ledger.open({ folder });
afterAll(() => ledger.close());

test.each([
  ['STEP_STUCK', 'failed', 'STEP_STUCK'],
  ['PAUSED', 'paused', undefined],
] as const)('a job that a worker has and that is stopped for %s is %s, whether the worker answers or not', async (code, state, error) => {
  const batchId = await ledger.beginBatch({ sources: '[]', target: folder, destination: '{}' });
  await ledger.enlist(batchId, [
    { machineId: code, planned: 'null', fingerprint: 'f', name: code, wave: 'w', dataBytes: MIB },
  ]);
  const find = async () => (await ledger.jobs(batchId)).find(({ machineId }) => machineId === code);
  const record = await find();
  if (record === undefined) throw new Error('it was not enlisted');
  const runner = new QueueRunner({
    ledger,
    // Somebody has taken it, and is never heard of again.
    queue: { offer: async () => {}, whenEnded: () => new Promise(() => {}), withdraw: async () => false },
    batchId,
    target: folder,
    capped: false,
    stopMilliseconds: 100,
  });
  const stop = new AbortController();
  const planned = testPlanned(testMachine({ id: code }));
  const running = runner.run(
    { record, planned, surroundings: null, lasting: null, fingerprint: 'f' },
    stop.signal,
  );
  await sleep(100);
  stop.abort(stopReason(code, 'convert has not come on for 2 h'));
  await running;
  expect(await find()).toMatchObject({ state, error: error === undefined ? null : { code: error } });
});
