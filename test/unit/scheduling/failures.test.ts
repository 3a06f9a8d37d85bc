import { describe, expect, test } from 'vitest';
import {
  DEFAULT_POLICY,
  decide,
  type Failure,
  type Job,
  type JobProgress,
} from '../../../src/scheduling/index.js';
import { EVENING, inState, MINUTE, testJob, testNight, through } from '../../support/small-night.js';

/** Machines that failed one after the other at such times, with those that wait beside them. */
function failed(
  failures: readonly Failure[],
  waiting: readonly Job[],
  also: readonly [string, JobProgress][] = [],
) {
  const ids = new Set(failures.map(({ jobId }) => jobId));
  const jobs = [...ids].map((id) => testJob(id, { hops: [through('host', 'esx03')] }));
  const ends = failures.map(({ jobId, at }) => [jobId, inState('failed', { endedAt: at })] as const);
  return testNight([...jobs, ...waiting], { failures, progress: new Map([...ends, ...also]) });
}

function failure(jobId: string, minute: number, code: Failure['code'] = 'SOURCE_UNREADABLE'): Failure {
  return { jobId, at: EVENING + minute * MINUTE, code };
}

describe('retries', () => {
  test('what can pass is tried again, each time after twice as long', () => {
    const once = failed([failure('a', 0)], []);
    expect(decide(once, EVENING).start).toEqual([]);
    expect(decide(once, EVENING).heldBack.get('a')?.reason).toBe(
      'failed (SOURCE_UNREADABLE); is tried again in 1 min',
    );
    expect(decide(once, EVENING).lookAgainAt).toBe(EVENING + MINUTE);
    expect(decide(once, EVENING + MINUTE).start).toEqual(['a']);
    const thrice = failed([failure('a', 0), failure('a', 5), failure('a', 10)], []);
    expect(decide(thrice, EVENING + 13 * MINUTE).start).toEqual([]);
    expect(decide(thrice, EVENING + 14 * MINUTE).start).toEqual(['a']);
  });

  test.each([
    'VERIFY_MISMATCH',
    'VMDK_TRUNCATED',
    'POOL_UNAUTHORIZED',
    'TARGET_NO_SPACE',
    'INTERNAL',
  ] as const)('%s is not tried again: it stays until somebody does something', (code) => {
    const night = failed([failure('a', 0, code)], []);
    const { start, heldBack, lookAgainAt } = decide(night, EVENING + 600 * MINUTE);
    expect([start, heldBack.size, lookAgainAt]).toEqual([[], 0, null]);
  });

  test('a machine is given up after its attempts', () => {
    const eight = Array.from({ length: 8 }, (_, n) => failure('a', 60 * n));
    expect(decide(failed(eight.slice(0, 7), []), EVENING + 600 * MINUTE).start).toEqual(['a']);
    expect(decide(failed(eight, []), EVENING + 600 * MINUTE).start).toEqual([]);
  });
});

describe('machines that fail alike', () => {
  const three = [failure('a', 0), failure('b', 1), failure('c', 2)];
  const here = testJob('here', { hops: [through('host', 'esx03')] });
  const there = testJob('there', { hops: [through('host', 'esx04')] });

  test('their host is paused, the others go on', () => {
    const { start, heldBack } = decide(failed(three, [here, there]), EVENING + 3 * MINUTE);
    expect(start).toEqual(['there']);
    expect(heldBack.get('here')?.reason).toBe(
      '3 machines failed alike on esx03 (source); the next is tried in 4 min',
    );
  });

  test('after the pause one machine is tried; all go on once it is done', () => {
    const after = EVENING + 7 * MINUTE;
    const tried = decide(failed(three, [here]), after);
    expect(tried.start).toEqual(['a']);
    expect(tried.heldBack.get('here')?.reason).toBe(
      '3 machines failed alike on esx03 (source); one at a time until one is done',
    );
    const probe = testJob('probe', { hops: [through('host', 'esx03')] });
    const done = failed(three, [probe, here], [['probe', inState('done', { endedAt: after })]]);
    expect(decide(done, after).start).toEqual(['a', 'b', 'c', 'here']);
  });

  test('what was under way when the pause began and fails as well does not lengthen it', () => {
    const underWay = failed([...three, failure('d', 3), failure('e', 4)], [here]);
    expect(decide(underWay, EVENING + 7 * MINUTE).start).toHaveLength(1);
  });

  test('when that one fails as well, the next pause is twice as long', () => {
    const again = failed([...three, failure('a', 7)], [here]);
    expect(decide(again, EVENING + 16 * MINUTE).start).toEqual([]);
    expect(decide(again, EVENING + 17 * MINUTE).start).toHaveLength(1);
  });

  test('failures of a host that fails for all cost a machine none of its attempts', () => {
    const policy = { ...DEFAULT_POLICY, retries: { ...DEFAULT_POLICY.retries, attempts: 2 } };
    const outage = [...three, ...[10, 40, 80, 120].map((minute) => failure('a', minute))];
    expect(decide({ ...failed(outage, []), policy }, EVENING + 300 * MINUTE).start).toEqual(['a']);
  });

  test.each([
    ['of different kinds', [failure('a', 0), failure('b', 1, 'NBD_PROTOCOL'), failure('c', 2, 'POOL_BUSY')]],
    ['far from each other', [failure('a', 0), failure('b', 30), failure('c', 60)]],
    ['of one machine', [failure('a', 0), failure('a', 1), failure('a', 2)]],
    ['whose fault is the guests', [0, 1, 2].map((n) => failure(`g${n}`, n, 'GUEST_UNREADABLE'))],
  ])('failures %s pause nothing', (_, failures) => {
    expect(decide(failed(failures, [here]), EVENING + 61 * MINUTE).start).toContain('here');
  });

  test('a repository is paused for what fails at the target, the host is not', () => {
    const hops = [through('host', 'esx03'), through('repository', 'sr1')];
    const jobs = ['a', 'b', 'c'].map((id) => testJob(id, { hops }));
    const failures = [0, 1, 2].map((n) => failure(['a', 'b', 'c'][n] ?? '', n, 'POOL_UPLOAD_FAILED'));
    const other = testJob('other', { hops: [through('host', 'esx03'), through('repository', 'sr2')] });
    const same = testJob('same', { hops: [through('host', 'esx09'), through('repository', 'sr1')] });
    const progress = new Map(failures.map(({ jobId, at }) => [jobId, inState('failed', { endedAt: at })]));
    const night = testNight([...jobs, other, same], { failures, progress });
    expect(decide(night, EVENING + 3 * MINUTE).start).toEqual(['other']);
  });
});
