import { describe, expect, test } from 'vitest';
import { GIB, MIB } from '../../../src/model/units.js';
import { DEFAULT_POLICY, forecast } from '../../../src/scheduling/index.js';
import {
  EVENING,
  HOUR,
  inState,
  NIGHTLY,
  NO_LIMITS,
  testJob,
  testNight,
  through,
} from '../../support/small-night.js';

/** At 100 MiB/s: an hour. */
const AN_HOUR = 360_000 * MIB;

describe('when machines end', () => {
  test('those that share a host share its rate, those that do not, do not', () => {
    const jobs = [
      testJob('a', { bytes: AN_HOUR }),
      testJob('b', { bytes: AN_HOUR }),
      testJob('c', { bytes: AN_HOUR, hops: [through('host', 'esx2')] }),
    ];
    const { jobs: told, endsAt } = forecast(testNight(jobs), EVENING);
    expect(told.get('a')?.endsAt).toBeCloseTo(EVENING + 2 * HOUR, -2);
    expect(told.get('c')?.endsAt).toBeCloseTo(EVENING + HOUR, -2);
    expect(endsAt).toBeCloseTo(EVENING + 2 * HOUR, -2);
  });

  test('what is left of a running machine, then one after the other where the limit says so', () => {
    const jobs = [testJob('next', { bytes: AN_HOUR }), testJob('runs', { bytes: AN_HOUR })];
    const night = testNight(jobs, {
      limits: { ...NO_LIMITS, machinesAtOnce: 1 },
      progress: new Map([['runs', inState('running', { movedBytes: AN_HOUR / 2 })]]),
    });
    const { jobs: told } = forecast(night, EVENING);
    expect(told.get('runs')?.endsAt).toBeCloseTo(EVENING + HOUR / 2, -2);
    expect(told.get('next')?.startsAt).toBeCloseTo(EVENING + HOUR / 2, -2);
    expect(told.get('next')?.endsAt).toBeCloseTo(EVENING + 1.5 * HOUR, -2);
  });

  test('one wave after the other, each in its window', () => {
    const waves = [
      { name: 'one', window: NIGHTLY },
      { name: 'two', window: { ...NIGHTLY, from: '02:00' } },
    ];
    const jobs = [
      testJob('a', { bytes: AN_HOUR, wave: 'one' }),
      testJob('b', { bytes: AN_HOUR, wave: 'two' }),
    ];
    const told = forecast(testNight(jobs, { waves }), EVENING);
    expect(told.waves).toEqual([
      { wave: 'one', endsAt: EVENING + HOUR, unfit: 0 },
      { wave: 'two', endsAt: EVENING + 5 * HOUR, unfit: 0 },
    ]);
  });

  test('the bandwidth cap holds all back', () => {
    const caps = [{ window: { ...NIGHTLY, to: '21:00' }, bytesPerSecond: 50 * MIB }];
    const told = forecast(testNight([testJob('a', { bytes: AN_HOUR })], { caps }), EVENING);
    expect(told.endsAt).toBeCloseTo(EVENING + 2 * HOUR, -2);
  });
});

describe('windows and deadlines', () => {
  const waves = [{ name: 'all', window: NIGHTLY }];
  const jobs = [
    testJob('tonight', { bytes: 6 * AN_HOUR, priority: 1 }),
    testJob('tomorrow', { bytes: 4 * AN_HOUR, deadline: EVENING + 20 * HOUR }),
  ];
  const limits = { ...NO_LIMITS, machinesAtOnce: 1 };

  test('what does not fit goes on the next night, and is counted', () => {
    const told = forecast(testNight(jobs, { waves, limits }), EVENING);
    expect(told.jobs.get('tonight')).toMatchObject({ fits: true, late: false });
    expect(told.jobs.get('tomorrow')).toEqual({
      startsAt: EVENING + 6 * HOUR,
      endsAt: EVENING + 26 * HOUR,
      fits: false,
      late: true,
    });
    expect(told.waves).toEqual([{ wave: 'all', endsAt: EVENING + 26 * HOUR, unfit: 1 }]);
  });

  test('where machines may finish they end after the window', () => {
    const policy = { ...DEFAULT_POLICY, atWindowEnd: 'finish' as const };
    const told = forecast(testNight(jobs, { waves, limits, policy }), EVENING);
    expect(told.jobs.get('tomorrow')?.endsAt).toBe(EVENING + 10 * HOUR);
  });

  test('a black-out date is passed over', () => {
    const told = forecast(testNight(jobs, { waves, limits, blackOuts: ['2026-11-24'] }), EVENING);
    // Two hours before midnight, then from Wednesday 00:00 on.
    expect(told.jobs.get('tonight')?.endsAt).toBe(Date.parse('2026-11-25T04:00:00Z'));
  });
});

test('work for longer than any calendar goes has no end, nor has what comes after it', () => {
  const waves = ['one', 'two'].map((name) => ({ name, window: NIGHTLY }));
  const jobs = [testJob('endless', { wave: 'one', bytes: 1e6 * AN_HOUR }), testJob('after', { wave: 'two' })];
  const { jobs: told } = forecast(testNight(jobs, { waves }), EVENING);
  expect(told.get('endless')).toMatchObject({ endsAt: Number.POSITIVE_INFINITY, fits: false });
  expect(told.get('after')).toMatchObject({ startsAt: Number.POSITIVE_INFINITY, fits: false });
});

test('what is done, given up, on hold or waits in vain is not forecast', () => {
  const jobs = ['done', 'cancelled', 'resting'].map((name) => testJob(name));
  const progress = new Map([
    ['done', inState('done', { endedAt: EVENING })],
    ['cancelled', inState('cancelled', { endedAt: EVENING })],
    ['resting', inState('waiting', { onHold: true })],
  ]);
  const night = testNight([...jobs, testJob('after', { after: ['cancelled'] })], { progress });
  expect(forecast(night, EVENING)).toEqual({
    jobs: new Map(),
    waves: [{ wave: 'all', endsAt: null, unfit: 0 }],
    endsAt: null,
  });
});

test('a machine of which nothing is known, or with nothing to move, takes no time', () => {
  const jobs = [testJob('lost', { hops: [], bytes: GIB }), testJob('empty', { bytes: 0 })];
  expect(forecast(testNight(jobs), EVENING).endsAt).toBe(EVENING);
});
