import { expect, test } from 'vitest';
import { GIB } from '../../../src/model/units.js';
import { decide, type Job, type Night } from '../../../src/scheduling/index.js';
import { EVENING, HOUR, inState, NIGHTLY, testJob, testNight, through } from '../../support/small-night.js';

/** How often a decision looks at anything of a job, with a third done, some failed, all policies in use. */
function looks(count: number): number {
  let times = 0;
  const counted = (job: Job): Job =>
    new Proxy(job, {
      get(target, key, receiver) {
        times += 1;
        return Reflect.get(target, key, receiver);
      },
    });
  const jobs = Array.from({ length: count }, (_, index) =>
    counted(
      testJob(`vm${index}`, {
        bytes: (1 + (index % 50)) * GIB,
        priority: index % 3,
        wave: index < count / 2 ? 'one' : 'two',
        // Every fourth is in one of two vApps as large as they can be.
        unit: index % 4 === 0 ? `app${index % 8}` : null,
        after: index % 5 === 4 ? [`vm${index - 1}`] : [],
        hops: [through('host', `esx${index % 20}`), through('repository', `sr${index % 4}`)],
      }),
    ),
  );
  const states = Array.from({ length: count / 3 }, (_, index) => {
    const state =
      index % 10 === 0 ? inState('failed', { endedAt: EVENING }) : inState('done', { endedAt: EVENING });
    return [`vm${index}`, state] as const;
  });
  const night: Night = testNight(jobs, {
    progress: new Map(states),
    waves: [
      { name: 'one', window: NIGHTLY },
      { name: 'two', window: NIGHTLY },
    ],
    limits: { machinesAtOnce: 16, threads: 16, perHop: { host: 4, repository: 8 } },
    failures: states
      .filter(([, { state }]) => state === 'failed')
      .map(([jobId]) => ({ jobId, at: EVENING, code: 'POOL_BUSY' as const })),
  });
  times = 0;
  // Late enough that many would not fit any more.
  decide(night, EVENING + 7.9 * HOUR);
  return times;
}

test('ten times as many jobs cost ten times as much, but for the sort', () => {
  const [thousand, tenThousand] = [looks(1200), looks(12_000)];
  expect(tenThousand / thousand).toBeLessThan(11);
  expect(tenThousand / 12_000).toBeLessThan(60);
});
