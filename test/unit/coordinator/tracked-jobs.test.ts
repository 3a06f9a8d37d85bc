import { expect, test } from 'vitest';
import type { PlannedJob } from '../../../src/coordinator/job.js';
import { TrackedJobs } from '../../../src/coordinator/night/tracked-jobs.js';
import type { JobRecord } from '../../../src/ledger/index.js';
import { decide } from '../../../src/scheduling/index.js';
import { testMachine, testPlanned } from '../../support/machines.js';
import { EVENING, NO_LIMITS, testJob, testNight, through } from '../../support/small-night.js';

const WAYS = ['xen1', 'xen2'].map((name) => [through('targetHost', name)]);

function plannedJob(id: string, number: number): PlannedJob {
  const record: JobRecord = {
    ...{ id: number, machineId: id, name: id, wave: 'all', state: 'planned', planned: '{}', error: null },
    ...{
      outputBytes: null,
      refix: false,
      landed: null,
      notes: [],
      endedAt: null,
      rollback: null,
      rolledBackAt: null,
    },
  };
  const planned = testPlanned(testMachine({ id }));
  return { record, planned, surroundings: null, lasting: null, fingerprint: 'f' };
}

test('a machine that goes on through another host takes a place there, and leaves its own to the next', () => {
  const jobs = ['first', 'second', 'third'].map((name) => testJob(name, { waysIn: WAYS, hops: [] }));
  const tracked = new TrackedJobs(
    jobs,
    jobs.map(({ id }, index) => plannedJob(id, index + 1)),
  );
  const night = () =>
    testNight(tracked.jobs, {
      progress: tracked.progress,
      failures: tracked.failures,
      limits: { ...NO_LIMITS, perHop: { targetHost: 1 } },
    });
  tracked.started('first', WAYS[0]);
  expect(tracked.goesThrough('first', ['xen1'])).toBeNull();
  expect(tracked.goesThrough('first', [])).toBeNull();
  expect(tracked.goesThrough('first', ['xen2'])?.hops).toEqual([through('targetHost', 'xen2')]);
  const { start, waysIn, heldBack } = decide(night(), EVENING);
  expect(start).toEqual(['second']);
  expect(waysIn.get('second')).toEqual(WAYS[0]);
  expect(heldBack.get('third')?.kind).toBe('limit');
  // What fails now speaks of the host that it went through last.
  tracked.failed({ jobId: 1, at: EVENING, code: 'POOL_UPLOAD_FAILED', message: '' });
  expect(tracked.failures[0]?.wayIn).toEqual(WAYS[1]);
  tracked.ended('first', 'failed', EVENING);
  expect(tracked.goesThrough('first', ['xen2'])).toBeNull();
});
