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

describe('what is known to come', () => {
  const evening = (hours: number) => EVENING + hours * HOUR;
  const cap = (from: string, to: string, mib: number) => ({
    window: { ...NIGHTLY, from, to },
    bytesPerSecond: mib * MIB,
  });

  test('a cap that begins later, and one that ends', () => {
    // Half an hour at 100 MiB/s, an hour at 25, the last quarter at 100 again.
    const caps = [cap('22:30', '23:30', 25)];
    const { endsAt } = forecast(testNight([testJob('a', { bytes: AN_HOUR })], { caps }), EVENING);
    expect(endsAt).toBeCloseTo(evening(1.75), -2);
  });

  test('an hour in which nothing moves', () => {
    const caps = [cap('22:30', '23:30', 0)];
    const { endsAt } = forecast(testNight([testJob('a', { bytes: AN_HOUR })], { caps }), EVENING);
    expect(endsAt).toBeCloseTo(evening(2), -2);
  });

  test('caps count as clocks show them when the window has been closed between', () => {
    const waves = [{ name: 'all', window: { ...NIGHTLY, to: '23:00' } }];
    const caps = [cap('22:00', '22:30', 50)];
    // Each night 45 minutes' worth are moved.
    const { endsAt } = forecast(testNight([testJob('a', { bytes: AN_HOUR })], { caps, waves }), EVENING);
    expect(endsAt).toBeCloseTo(evening(24.5), -2);
  });

  test('what comes after what in a wave, whatever the order of turns', () => {
    const hops = (name: string) => [through('host', name)];
    const jobs = [
      testJob('web', { bytes: AN_HOUR, priority: 9, hops: hops('esx1'), after: ['db', 'cache'] }),
      testJob('db', { bytes: AN_HOUR, hops: hops('esx2') }),
      testJob('cache', { bytes: AN_HOUR / 2, hops: hops('esx3') }),
      testJob('other', { bytes: AN_HOUR, hops: hops('esx1') }),
    ];
    const { jobs: told } = forecast(testNight(jobs), EVENING);
    expect(told.get('other')?.endsAt).toBeCloseTo(evening(1), -2);
    expect(told.get('web')?.startsAt).toBeCloseTo(evening(1), -2);
    expect(told.get('web')?.endsAt).toBeCloseTo(evening(2), -2);
  });

  test('one that waits for another does not keep those behind it waiting', () => {
    const jobs = [
      testJob('first', { bytes: AN_HOUR, hops: [through('host', 'esx2')] }),
      testJob('waits', { bytes: AN_HOUR, after: ['first'] }),
      testJob('behind', { bytes: AN_HOUR }),
    ];
    const limits = { ...NO_LIMITS, perHop: { host: 1 } };
    const { jobs: told } = forecast(testNight(jobs, { limits }), EVENING);
    expect(told.get('behind')?.startsAt).toBe(EVENING);
    expect(told.get('waits')?.startsAt).toBeCloseTo(evening(1), -2);
  });

  test('when a failed machine is tried again', () => {
    const failed = { endedAt: EVENING, movedBytes: 0 };
    const night = testNight([testJob('a', { bytes: AN_HOUR })], {
      progress: new Map([['a', inState('failed', failed)]]),
      failures: [{ jobId: 'a', at: EVENING, code: 'POOL_BUSY' }],
    });
    expect(forecast(night, EVENING).jobs.get('a')?.startsAt).toBe(EVENING + 60_000);
  });

  test('until when a host is left alone on which others have failed', () => {
    const names = ['a', 'b', 'c'];
    const failures = names.map((jobId) => ({ jobId, at: EVENING, code: 'SOURCE_UNREADABLE' as const }));
    const progress = new Map(names.map((name) => [name, inState('failed', { endedAt: EVENING })]));
    const jobs = [...names.map((name) => testJob(name)), testJob('fresh')];
    const { jobs: told } = forecast(testNight(jobs, { progress, failures }), EVENING);
    expect(told.get('fresh')?.startsAt).toBe(EVENING + 300_000);
  });

  test('what comes after a machine at rest is not forecast, nor what comes after that', () => {
    const jobs = [
      testJob('rests'),
      testJob('next', { after: ['rests'] }),
      testJob('last', { after: ['next'] }),
      testJob('free'),
    ];
    const progress = new Map([['rests', inState('paused', { onHold: true })]]);
    expect([...forecast(testNight(jobs, { progress }), EVENING).jobs.keys()]).toEqual(['free']);
  });

  test('where nothing will ever move again there is no end', () => {
    const always = { ...NIGHTLY, from: '00:00', to: '00:00' };
    const caps = [{ window: always, bytesPerSecond: 0 }];
    for (const atWindowEnd of ['finish', 'pause'] as const) {
      const policy = { ...DEFAULT_POLICY, atWindowEnd };
      const { endsAt } = forecast(testNight([testJob('a')], { caps, policy }), EVENING);
      expect(endsAt).toBe(Number.POSITIVE_INFINITY);
    }
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
