import fc from 'fast-check';
import { expect, it } from 'vitest';
import { barAt, packLanes } from '../../../src/dashboard/charts/lanes.js';
import type { TimelineJob } from '../../../src/dashboard/documents.js';

const NOW = 1_000_000_000;

function job(id: number, part: Partial<TimelineJob>): TimelineJob {
  const none = { startedAt: null, endedAt: null, expectedStart: null, expectedEnd: null };
  return { id, name: `vm${id}`, state: 'planned', ...none, ...part };
}

it('lets no two machines lie on each other, in no more lanes than there are at a time', () => {
  const night = fc.array(fc.tuple(fc.nat(100), fc.integer({ min: 1, max: 30 })), { maxLength: 60 });
  fc.assert(
    fc.property(night, (times) => {
      const minute = 60_000;
      const jobs = times.map(([from, length], id) =>
        job(id, { state: 'done', startedAt: from * minute, endedAt: (from + length) * minute }),
      );
      const { bars, lanes } = packLanes(jobs, NOW);
      expect(bars).toHaveLength(jobs.length);
      for (const [index, bar] of bars.entries()) {
        for (const other of bars.slice(index + 1)) {
          expect(bar.lane !== other.lane || bar.to <= other.from || other.to <= bar.from).toBe(true);
        }
      }
      const together = bars.map(({ from }) => bars.filter((bar) => bar.from <= from && from < bar.to).length);
      expect(lanes).toBe(Math.max(0, ...together));
    }),
  );
});

it('shows what is expected of machines that have not begun, and how long running ones will take', () => {
  const { bars } = packLanes(
    [
      job(1, { state: 'converting', startedAt: NOW - 60_000, expectedEnd: NOW + 60_000 }),
      job(2, { expectedStart: NOW + 30_000, expectedEnd: NOW + 90_000 }),
      job(3, {}),
    ],
    NOW,
  );
  expect(bars).toMatchObject([
    { job: { id: 1 }, from: NOW - 60_000, to: NOW + 60_000, expected: false },
    { job: { id: 2 }, from: NOW + 30_000, to: NOW + 90_000, expected: true },
  ]);
});

it('finds the machine that is pointed at, and a short one beside the pointer', () => {
  const lanes = packLanes(
    [
      job(1, { state: 'done', startedAt: 0, endedAt: 50_000 }),
      job(2, { state: 'done', startedAt: 60_000, endedAt: 62_000 }),
    ],
    NOW,
  );
  expect(barAt(lanes, 30_000, 0, 0)?.job.id).toBe(1);
  expect(barAt(lanes, 64_000, 0, 3000)?.job.id).toBe(2);
  expect(barAt(lanes, 90_000, 0, 3000)).toBeNull();
  expect(barAt(lanes, 30_000, 1, 0)).toBeNull();
});
