import { expect, test } from 'vitest';
import { startTuning, type Tuning, tune } from '../../../src/scheduling/index.js';

const MINUTE = 60_000;

/** Asked every minute, with as many machines running as may; the numbers at once as time goes on. */
function watch(
  from: number,
  minutes: number,
  most: number,
  throughput: (atOnce: number) => number,
): Tuning[] {
  let tuning = startTuning(from, 0);
  return Array.from({ length: minutes }, (_, minute) => {
    const load = { running: tuning.atOnce, bytesPerSecond: throughput(tuning.atOnce) };
    tuning = tune(tuning, load, most, minute * MINUTE);
    return tuning;
  });
}

function usual(tunings: readonly Tuning[]): number {
  const later = tunings.slice(-120).map(({ atOnce }) => atOnce);
  return later.toSorted((a, b) => a - b)[later.length >> 1] ?? 0;
}

test('more machines as long as they move more', () => {
  const tunings = watch(2, 240, 64, (atOnce) => 50 * Math.min(atOnce, 12));
  expect(usual(tunings)).toBeGreaterThanOrEqual(11);
  expect(usual(tunings)).toBeLessThanOrEqual(15);
});

test('fewer where fewer do as well', () => {
  const tunings = watch(32, 480, 32, (atOnce) => 50 * Math.min(atOnce, 6));
  expect(usual(tunings)).toBeLessThanOrEqual(8);
  expect(usual(tunings)).toBeGreaterThanOrEqual(6);
});

test('it backs away from a number at which machines hinder each other', () => {
  const tunings = watch(4, 240, 64, (atOnce) => (atOnce <= 8 ? 50 * atOnce : 400 - 40 * (atOnce - 8)));
  expect(usual(tunings)).toBeLessThanOrEqual(9);
  expect(usual(tunings)).toBeGreaterThanOrEqual(6);
});

test('never above the limit, nor below one', () => {
  for (const { atOnce } of watch(4, 300, 10, (atOnce) => 50 * atOnce)) expect(atOnce).toBeLessThanOrEqual(10);
  for (const { atOnce } of watch(4, 600, 10, (atOnce) => 100 / atOnce))
    expect(atOnce).toBeGreaterThanOrEqual(1);
  expect(tune(startTuning(20, 0), { running: 20, bytesPerSecond: 1 }, 8, MINUTE).atOnce).toBe(8);
});

test('says nothing new while fewer run than may', () => {
  let tuning = startTuning(8, 0);
  for (let minute = 0; minute < 60; minute++) {
    tuning = tune(tuning, { running: 3, bytesPerSecond: 100 }, 64, minute * MINUTE);
  }
  expect(tuning.atOnce).toBe(8);
});
