import { describe, expect, test } from 'vitest';
import { StuckJobs } from '../../../src/coordinator/night/stuck-jobs.js';
import type { ProgressRecord, StepName } from '../../../src/ledger/index.js';
import { EVENING, MINUTE } from '../../support/small-night.js';

const HOUR = 60 * MINUTE;

/** A machine whose step came on last when the evening began. */
function silent(step: StepName = 'convert'): ReadonlyMap<string, ProgressRecord> {
  return new Map([
    ['m', { jobId: 1, step, movedBytes: 0, bytesPerSecond: 0, hosts: [], at: EVENING, advancedAt: EVENING }],
  ]);
}

const found = (step: StepName) => [{ id: 'm', step, since: EVENING }];

describe('a machine that does not come on', () => {
  test.each([
    ['convert', 10],
    ['fix', 30],
    ['verify', 60],
  ] as const)('is told of once when it is silent in %s for %d minutes', (step, minutes) => {
    const stuck = new StuckJobs({ giveUpSeconds: 3600 });
    const at = EVENING + minutes * MINUTE;
    expect(stuck.look(silent(step), at - 1)).toEqual({ told: [], hopeless: [] });
    expect(stuck.look(silent(step), at)).toEqual({ told: found(step), hopeless: [] });
    expect(stuck.look(silent(step), at + 1000)).toEqual({ told: [], hopeless: [] });
    expect(stuck.since.get('m')).toBe(EVENING);
  });

  test('is given up when it was told of for so long', () => {
    const stuck = new StuckJobs({ giveUpSeconds: 3600 });
    const at = EVENING + 10 * MINUTE + HOUR;
    expect(stuck.look(silent(), at - 1).hopeless).toEqual([]);
    expect(stuck.look(silent(), at).hopeless).toEqual(found('convert'));
  });

  test('is not given up when it came on in between', () => {
    const stuck = new StuckJobs({ giveUpSeconds: 3600 });
    stuck.look(silent(), EVENING + 11 * MINUTE);
    const [record] = [...silent().values()];
    const moved = new Map(record === undefined ? [] : [['m', { ...record, advancedAt: EVENING + HOUR }]]);
    expect(stuck.look(moved, EVENING + 70 * MINUTE)).toEqual({
      told: found('convert').map((one) => ({ ...one, since: EVENING + HOUR })),
      hopeless: [],
    });
  });

  test('is never given up where nobody wants that, nor before anything was heard of it', () => {
    const stuck = new StuckJobs({ giveUpSeconds: null });
    expect(stuck.look(silent(), EVENING + 100 * HOUR).hopeless).toEqual([]);
    const eager = new StuckJobs({ giveUpSeconds: 1 });
    expect(eager.look(new Map([['m', undefined]]), EVENING + 100 * HOUR).hopeless).toEqual([]);
  });
});
