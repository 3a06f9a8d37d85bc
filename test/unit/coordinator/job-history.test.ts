import { describe, expect, it } from 'vitest';
import { faultsOfHistory, type JobEvent } from '../../support/job-history.js';

/** Events of job 1 from lines of fence, worker and state. */
function history(...lines: readonly (readonly [number, string, JobEvent['state']])[]): JobEvent[] {
  return lines.map(([fence, worker, state], index) => ({ id: index + 1, jobId: 1, fence, worker, state }));
}

const SOUND = [
  [1, 'a', 'fixing'],
  [1, 'a', 'converting'],
  // a is killed; the coordinator has it run again.
  [2, 'b', 'converting'],
  [2, 'b', 'planned'],
  [3, 'c', 'converting'],
  [3, 'c', 'verifying'],
  [3, 'c', 'done'],
  [4, 'd', 'done'],
] as const;

describe('the checker of histories', () => {
  it('finds nothing in a sound one', () => {
    expect(faultsOfHistory(history(...SOUND), [1])).toEqual([]);
  });

  it.each([
    [
      'two workers at once',
      [...SOUND.slice(0, 3), [2, 'a', 'verifying'], [2, 'a', 'done']],
      /ran it at once/,
    ],
    ['a late owner', [...SOUND.slice(0, 3), [1, 'a', 'verifying'], [2, 'b', 'done']], /with fence 1 after 2/],
    [
      'a step backwards',
      [
        [1, 'a', 'verifying'],
        [1, 'a', 'converting'],
        [1, 'a', 'done'],
      ],
      /converting after/,
    ],
    ['a job run again', [...SOUND, [5, 'e', 'converting'], [5, 'e', 'done']], /although it was done/],
    ['an open end', SOUND.slice(0, 6), /is not done/],
  ] as const)('finds %s', (_, lines, fault) => {
    expect(faultsOfHistory(history(...lines), [1]).join('\n')).toMatch(fault);
  });

  it('finds a job that never ran', () => {
    expect(faultsOfHistory(history(...SOUND), [1, 2])).toEqual(['job 2: it is not done']);
  });

  it('takes events in the order of their ids', () => {
    expect(faultsOfHistory(history(...SOUND).toReversed(), [1])).toEqual([]);
  });
});
