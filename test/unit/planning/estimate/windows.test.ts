import { describe, expect, it } from 'vitest';
import type { WaveEstimate } from '../../../../src/model/plan.js';
import type { MigrationWindow } from '../../../../src/model/window.js';
import { estimatePlan } from '../../../../src/planning/estimate/index.js';
import { moved, oneWave } from './scenario.js';

const HOUR_MIB = 100 * 3600;

function window(changes: Partial<MigrationWindow> = {}): MigrationWindow {
  return {
    name: 'nightly',
    days: ['sat'],
    from: '22:00',
    to: '06:00',
    timeZone: 'Europe/Berlin',
    ...changes,
  };
}

/** So many hours of work by one machine. */
function work(
  hours: number,
  start: string | null,
  changes: Partial<MigrationWindow> = {},
): WaveEstimate | undefined {
  const machine = moved('a', 'h1', [{ mib: hours * HOUR_MIB }]);
  return estimatePlan(oneWave([machine], { start }, window(changes))).waves[0];
}

describe('a migration window', () => {
  // In Berlin clocks go from 02:00 to 03:00 on 2026-03-29 and from 03:00 to 02:00 on 2026-10-25, both Sundays.
  it.each<[string, number, string, Partial<MigrationWindow>, string, string, number, string]>([
    [
      'waits for its beginning',
      2,
      '2026-11-25T12:00:00Z',
      {},
      '2026-11-28T21:00:00.000Z',
      '2026-11-28T23:00:00.000Z',
      1,
      'source',
    ],
    [
      'is open already',
      2,
      '2026-11-29T01:00:00Z',
      {},
      '2026-11-29T01:00:00.000Z',
      '2026-11-29T03:00:00.000Z',
      1,
      'source',
    ],
    // 8 hours in the first night, 2 in that a week later
    [
      'pauses the work when it closes',
      10,
      '2026-11-28T12:00:00Z',
      {},
      '2026-11-28T21:00:00.000Z',
      '2026-12-05T23:00:00.000Z',
      2,
      'window',
    ],
    [
      'that is just long enough is one',
      8,
      '2026-11-28T12:00:00Z',
      {},
      '2026-11-28T21:00:00.000Z',
      '2026-11-29T05:00:00.000Z',
      1,
      'source',
    ],
    // 21:00Z to 04:00Z: seven hours
    [
      'is an hour shorter when summer time begins',
      7.5,
      '2026-03-28T12:00:00Z',
      {},
      '2026-03-28T21:00:00.000Z',
      '2026-04-04T20:30:00.000Z',
      2,
      'window',
    ],
    // 20:00Z to 05:00Z: nine hours
    [
      'is an hour longer when summer time ends',
      9,
      '2026-10-24T12:00:00Z',
      {},
      '2026-10-24T20:00:00.000Z',
      '2026-10-25T05:00:00.000Z',
      1,
      'source',
    ],
    [
      'begins later when its hour is skipped',
      0.25,
      '2026-03-28T12:00:00Z',
      { days: ['sun'], from: '02:30', to: '05:00' },
      '2026-03-29T01:30:00.000Z',
      '2026-03-29T01:45:00.000Z',
      1,
      'source',
    ],
    // 01:30Z is 03:30 summer time
    [
      'does not open when the clocks skip all of it',
      0.25,
      '2026-03-29T00:00:00Z',
      { days: ['sun'], from: '02:15', to: '03:10' },
      '2026-04-05T00:15:00.000Z',
      '2026-04-05T00:30:00.000Z',
      1,
      'source',
    ],
    [
      'begins the first time when its hour comes twice',
      0.25,
      '2026-10-24T12:00:00Z',
      { days: ['sun'], from: '02:30', to: '05:00' },
      '2026-10-25T00:30:00.000Z',
      '2026-10-25T00:45:00.000Z',
      1,
      'source',
    ],
    [
      'of every day from midnight to midnight never closes',
      30,
      '2026-11-28T12:00:00Z',
      { days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], from: '00:00', to: '00:00' },
      '2026-11-28T12:00:00.000Z',
      '2026-11-29T18:00:00.000Z',
      2,
      'source',
    ],
    // In India clocks are five and a half hours ahead.
    [
      'keeps to zones of half an hour',
      1,
      '2026-11-28T12:00:00Z',
      { timeZone: 'Asia/Kolkata' },
      '2026-11-28T16:30:00.000Z',
      '2026-11-28T17:30:00.000Z',
      1,
      'source',
    ],
  ])('%s', (_, hours, start, changes, startsAt, endsAt, windows, bottleneck) => {
    expect(work(hours, start, changes)).toMatchObject({
      startsAt,
      endsAt,
      windows,
      bottleneck,
      seconds: hours * 3600,
    });
  });

  it('is counted even when nobody said when the first wave begins', () => {
    expect(work(17, null)).toMatchObject({ startsAt: null, endsAt: null, windows: 3, bottleneck: 'window' });
    expect(work(8, null)).toMatchObject({ windows: 1, bottleneck: 'source' });
  });

  it('holds up only the waves that keep to it', () => {
    const machines = ['a', 'b'].map((name) => moved(name, 'h1', [{ mib: HOUR_MIB }]));
    const { waves } = estimatePlan({
      ...oneWave(machines, { start: '2026-11-28T12:00:00Z' }),
      waves: [
        { name: 'first', machineIds: ['a.ovf'], window: window() },
        { name: 'second', machineIds: ['b.ovf'], window: null },
      ],
    });
    expect(waves.map(({ endsAt }) => endsAt)).toEqual([
      '2026-11-28T22:00:00.000Z',
      '2026-11-28T23:00:00.000Z',
    ]);
  });

  it('of decades of work tells how many it takes and no date', () => {
    // 8 hours a week, of which none is shorter or longer in UTC
    const endless = work(8 * 10_000, '2026-11-28T12:00:00Z', { timeZone: 'UTC' });
    expect(endless).toMatchObject({ windows: 10_000, endsAt: null, startsAt: '2026-11-28T22:00:00.000Z' });
  });

  it('in a zone that does not exist is refused, with or without a start', () => {
    for (const start of [null, '2026-11-28T12:00:00Z']) {
      expect(() => work(1, start, { timeZone: 'Europe/Atlantis' })).toThrow(
        'no time zone is called "Europe/Atlantis"',
      );
    }
  });
});
