import { expect, test } from 'vitest';
import { startTuning, type Tuning, tune } from '../../../src/scheduling/index.js';

const MINUTE = 60_000;

/** Asked every minute, with as many machines running as may; the numbers at once as time goes on. */
function watch(
  limit: number,
  minutes: number,
  throughput: (atOnce: number, minute: number) => number,
): Tuning[] {
  let tuning = startTuning(limit, 0);
  return Array.from({ length: minutes }, (_, minute) => {
    const load = { running: tuning.atOnce, bytesPerSecond: throughput(tuning.atOnce, minute) };
    tuning = tune(tuning, load, limit, minute * MINUTE);
    return tuning;
  });
}

function usual(tunings: readonly Tuning[]): number {
  const later = tunings.slice(-120).map(({ atOnce }) => atOnce);
  return later.toSorted((a, b) => a - b)[later.length >> 1] ?? 0;
}

test('begins at the limit and stays there where more never hinder each other', () => {
  const tunings = watch(16, 480, (atOnce) => 50 * atOnce);
  expect(tunings.slice(0, 15).map(({ atOnce }) => atOnce)).toEqual(Array(15).fill(16));
  expect(usual(tunings)).toBe(16);
});

test('tries cost little: over a night less than a fiftieth is not moved', () => {
  const tunings = watch(16, 480, (atOnce) => 50 * atOnce);
  const moved = tunings.reduce((sum, { atOnce }) => sum + atOnce, 0);
  expect(moved / (480 * 16)).toBeGreaterThan(0.98);
});

test('where fewer do as well nothing is given up', () => {
  expect(usual(watch(32, 480, (atOnce) => 50 * Math.min(atOnce, 6)))).toBe(32);
});

test('goes down to where machines do not hinder each other any more', () => {
  const tunings = watch(32, 480, (atOnce) => (atOnce <= 8 ? 50 * atOnce : 400 - 10 * (atOnce - 8)));
  expect(usual(tunings)).toBeLessThanOrEqual(10);
  expect(usual(tunings)).toBeGreaterThanOrEqual(6);
});

test('goes up again when the night changes', () => {
  const hinder = (atOnce: number) => 400 - 10 * atOnce;
  const tunings = watch(16, 1440, (atOnce, minute) => (minute < 240 ? hinder(atOnce) : 50 * atOnce));
  expect(tunings[200]?.atOnce).toBeLessThan(8);
  expect(usual(tunings)).toBeGreaterThanOrEqual(13);
});

test('never above the limit, nor below one; another limit begins afresh', () => {
  for (const { atOnce } of watch(10, 900, (atOnce) => 100 / atOnce)) {
    expect(atOnce).toBeGreaterThanOrEqual(1);
    expect(atOnce).toBeLessThanOrEqual(10);
  }
  for (const limit of [8, 40]) {
    expect(tune(startTuning(20, 0), { running: 20, bytesPerSecond: 1 }, limit, MINUTE).atOnce).toBe(limit);
  }
});

test('what is measured while others still end, or too few run, counts for nothing', () => {
  for (const running of [3, 12]) {
    let tuning = startTuning(8, 0);
    for (let minute = 0; minute < 120; minute++) {
      tuning = tune(tuning, { running, bytesPerSecond: 100 }, 8, minute * MINUTE);
    }
    expect(tuning.atOnce).toBe(8);
    expect(tuning.seen.size).toBe(0);
  }
});
