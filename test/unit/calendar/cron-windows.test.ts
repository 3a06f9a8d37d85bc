import { describe, expect, test } from 'vitest';
import { faultOfCron, lengthMinutes, nextOpening } from '../../../src/calendar/index.js';
import type { CronWindow } from '../../../src/model/window.js';

function window(cron: string, hours: number, timeZone = 'Europe/Berlin'): CronWindow {
  return { name: 'nights', cron, hours, timeZone };
}

/** The first openings from an instant on, in UTC. */
function openings(of: CronWindow, from: string, count: number, blackOuts: readonly string[] = []): string[] {
  let instant = Date.parse(from);
  return Array.from({ length: count }, () => {
    const { begin, end } = nextOpening(of, instant, blackOuts);
    instant = end;
    return [begin, end].map((each) => new Date(each).toISOString().slice(5, 16)).join('..');
  });
}

describe('a window that begins as cron says', () => {
  test('on working days at ten in the evening, by the clocks of its zone', () => {
    // A Friday in winter; Berlin is an hour ahead.
    expect(openings(window('0 22 * * 1-5', 8), '2026-11-27T12:00:00Z', 2)).toEqual([
      '11-27T21:00..11-28T05:00',
      '11-30T21:00..12-01T05:00',
    ]);
  });

  test('one that has begun yesterday is still open', () => {
    expect(openings(window('0 22 * * 1-5', 8), '2026-11-28T04:00:00Z', 1)).toEqual([
      '11-28T04:00..11-28T05:00',
    ]);
  });

  test('on the last Friday of a month, over the weekend', () => {
    expect(openings(window('0 22 * * 5L', 55), '2026-11-10T00:00:00Z', 2)).toEqual([
      '11-27T21:00..11-30T04:00',
      '12-25T21:00..12-28T04:00',
    ]);
  });

  test('lasts as many hours as it says when clocks are put back or forward', () => {
    // 2026-10-25 03:00 is 02:00 again; 2026-03-29 02:00 is 03:00 at once.
    expect(openings(window('0 22 * * *', 8), '2026-10-24T12:00:00Z', 2)).toEqual([
      '10-24T20:00..10-25T04:00',
      '10-25T21:00..10-26T05:00',
    ]);
    expect(openings(window('0 22 * * *', 8), '2026-03-28T12:00:00Z', 2)).toEqual([
      '03-28T21:00..03-29T05:00',
      '03-29T20:00..03-30T04:00',
    ]);
  });

  test('begins when clocks are put forward over its minute, and once where they are put back over it', () => {
    expect(openings(window('30 2 * * *', 1), '2026-03-28T12:00:00Z', 2)).toEqual([
      '03-29T01:00..03-29T02:00',
      '03-30T00:30..03-30T01:30',
    ]);
    expect(openings(window('30 2 * * *', 1), '2026-10-24T12:00:00Z', 2)).toEqual([
      '10-25T00:30..10-25T01:30',
      '10-26T01:30..10-26T02:30',
    ]);
  });

  test('one that begins while it is open is open for longer', () => {
    expect(openings(window('0 20,22 * * *', 3, 'UTC'), '2026-11-27T12:00:00Z', 1)).toEqual([
      '11-27T20:00..11-28T01:00',
    ]);
  });

  test('one that never closes has openings of finite length without gaps', () => {
    const always = window('0 * * * *', 1, 'UTC');
    const first = nextOpening(always, Date.parse('2026-11-27T12:30:00Z'));
    expect(first.begin).toBe(Date.parse('2026-11-27T12:30:00Z'));
    expect(first.end).toBeGreaterThan(first.begin);
    expect(nextOpening(always, first.end).begin).toBe(first.end);
  });

  test('black-out dates cut it at midnight, as often as they come', () => {
    expect(openings(window('0 22 * * 5', 55), '2026-11-27T12:00:00Z', 2, ['2026-11-28'])).toEqual([
      '11-27T21:00..11-27T23:00',
      '11-28T23:00..11-30T04:00',
    ]);
  });

  test('tells its length', () => {
    expect(lengthMinutes(window('0 22 * * *', 7.5))).toBe(450);
  });
});

describe('what is no cron expression', () => {
  test.each([
    ['0 22 * *', /five/],
    ['0 25 * * *', /hour/],
    ['* 22 * * *', /one number/],
    ['*/5 22 * * *', /one number/],
    ['@daily', /one number/],
    ['0 ? * * *', /use \*/],
    ['0 22 31 4,6 *', /never/],
  ])('%s is told apart', (cron, reason) => {
    expect(faultOfCron(cron)).toMatch(reason);
    expect(() => nextOpening(window(cron, 8), 0)).toThrow(/window nights begins at no time/);
  });

  test('a day that comes once in four years is one', () => {
    expect(faultOfCron('0 22 29 2 *')).toBeNull();
    expect(openings(window('0 22 29 2 *', 8, 'UTC'), '2026-11-27T12:00:00Z', 1)).toEqual([
      '02-29T22:00..03-01T06:00',
    ]);
  });
});
