import { expect, test } from 'vitest';
import { nextOpening } from '../../../src/calendar/index.js';
import type { MigrationWindow } from '../../../src/model/window.js';

const NIGHTLY: MigrationWindow = {
  name: 'nightly',
  days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
  from: '22:00',
  to: '06:00',
  timeZone: 'Europe/Berlin',
};

/** The first openings from a Monday noon on, in UTC; Berlin is an hour ahead. */
function openings(blackOuts: readonly string[], count: number): string[] {
  let instant = Date.parse('2026-11-23T12:00:00Z');
  return Array.from({ length: count }, () => {
    const { begin, end } = nextOpening(NIGHTLY, instant, blackOuts);
    instant = end;
    return [begin, end].map((each) => new Date(each).toISOString().slice(8, 16)).join('..');
  });
}

test('without black-out dates every night', () => {
  expect(openings([], 2)).toEqual(['23T21:00..24T05:00', '24T21:00..25T05:00']);
});

test('a black-out date is closed from midnight to midnight, by the clocks of the window', () => {
  expect(openings(['2026-11-24'], 3)).toEqual([
    '23T21:00..23T23:00',
    '24T23:00..25T05:00',
    '25T21:00..26T05:00',
  ]);
});

test('two in a row leave nothing of the night between them', () => {
  expect(openings(['2026-11-23', '2026-11-24'], 2)).toEqual(['24T23:00..25T05:00', '25T21:00..26T05:00']);
});

test('one within an opening ends it', () => {
  const { end } = nextOpening(NIGHTLY, Date.parse('2026-11-23T22:00:00Z'), ['2026-11-24']);
  expect(new Date(end).toISOString()).toBe('2026-11-23T23:00:00.000Z');
});

test('a window without an hour that is not blacked out never opens', () => {
  const once: MigrationWindow = { ...NIGHTLY, days: [] };
  expect(() => nextOpening(once, 0)).toThrow(/never opens/);
});
