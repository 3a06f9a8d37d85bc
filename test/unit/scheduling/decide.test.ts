import { describe, expect, test } from 'vitest';
import { GIB, MIB } from '../../../src/model/units.js';
import { DEFAULT_POLICY, decide, forecast, type Job, type Night } from '../../../src/scheduling/index.js';
import {
  EVENING,
  HOUR,
  inState,
  MINUTE,
  NIGHTLY,
  NO_LIMITS,
  testJob,
  testNight,
  through,
} from '../../support/small-night.js';

/** What the operator reads of a job that is held back. */
function reasonFor(name: string, night: Night, now = EVENING): string | undefined {
  return decide(night, now).heldBack.get(name)?.reason;
}

const IN_WINDOW = { waves: [{ name: 'all', window: NIGHTLY }] };

describe('order', () => {
  test('the greater priority first, then the nearer deadline, then as planned', () => {
    const jobs = [
      testJob('last'),
      testJob('due-late', { deadline: EVENING + 9 * HOUR }),
      testJob('due-soon', { deadline: EVENING + 2 * HOUR }),
      testJob('urgent', { priority: 1 }),
    ];
    expect(decide(testNight(jobs), EVENING).start).toEqual(['urgent', 'due-soon', 'due-late', 'last']);
  });

  test('what was paused goes on before anything new', () => {
    const progress = new Map([['old', inState('paused', { movedBytes: GIB })]]);
    const night = testNight([testJob('new', { priority: 5 }), testJob('old')], { progress });
    expect(decide(night, EVENING).start).toEqual(['old', 'new']);
  });

  test('a machine that has waited long enough overtakes one of a higher priority', () => {
    const jobs = [testJob('fresh', { priority: 1, enlistedAt: EVENING + 8 * HOUR }), testJob('old')];
    expect(decide(testNight(jobs), EVENING + 9 * HOUR).start).toEqual(['old', 'fresh']);
    expect(decide(testNight(jobs), EVENING + 3 * HOUR).start).toEqual(['fresh', 'old']);
  });

  test('the machines of a vApp stay together', () => {
    const jobs = [
      testJob('a1', { unit: 'shop' }),
      testJob('b'),
      testJob('a2', { unit: 'shop' }),
      testJob('a3', { unit: 'shop', priority: 2 }),
    ];
    expect(decide(testNight(jobs), EVENING).start).toEqual(['a1', 'a2', 'a3', 'b']);
  });
});

describe('waves and dependencies', () => {
  const waves = [
    { name: 'foundation', window: null },
    { name: 'web', window: null },
  ];
  const jobs = [testJob('dns', { wave: 'foundation' }), testJob('web01', { wave: 'web' })];

  test('a wave waits for the one before it', () => {
    const running = new Map([['dns', inState('running')]]);
    expect(reasonFor('web01', testNight(jobs, { waves, progress: running }))).toBe(
      'waits for wave foundation, in which 1 is left',
    );
    const done = new Map([['dns', inState('done', { endedAt: EVENING })]]);
    expect(decide(testNight(jobs, { waves, progress: done }), EVENING).start).toEqual(['web01']);
  });

  test('a machine that failed for good does not keep the next wave waiting; one to be retried does', () => {
    const progress = new Map([['dns', inState('failed', { endedAt: EVENING })]]);
    const forGood = [{ jobId: 'dns', at: EVENING, code: 'VMDK_TRUNCATED' as const }];
    expect(decide(testNight(jobs, { waves, progress, failures: forGood }), EVENING).start).toEqual(['web01']);
    const passing = [{ jobId: 'dns', at: EVENING, code: 'POOL_BUSY' as const }];
    expect(reasonFor('web01', testNight(jobs, { waves, progress, failures: passing }))).toMatch(
      /wave foundation/,
    );
  });

  test('a machine waits until those before it are done, and says so when that can never be', () => {
    const chain = [
      testJob('db'),
      testJob('app', { after: ['db'] }),
      testJob('web', { after: ['app'] }),
      testJob('other', { wave: 'later' }),
    ];
    const both = [
      { name: 'all', window: null },
      { name: 'later', window: null },
    ];
    const night = testNight(chain, { waves: both });
    expect(decide(night, EVENING).start).toEqual(['db']);
    expect(reasonFor('app', night)).toBe('waits for db');
    const lost = testNight(chain, {
      waves: both,
      progress: new Map([['db', inState('cancelled', { endedAt: EVENING })]]),
    });
    expect(reasonFor('app', lost)).toBe('waits for db, which was cancelled');
    expect(reasonFor('web', lost)).toBe('waits for app, which waits in vain as well');
    // Nothing is left to wait for in the first wave.
    expect(decide(lost, EVENING).start).toEqual(['other']);
  });
});

describe('limits', () => {
  test('a host takes as many as its limit; the others of its machines say so', () => {
    const jobs = ['a', 'b', 'c'].map((name) => testJob(name, { hops: [through('host', 'esx03')] }));
    const night = testNight([...jobs, testJob('d')], { limits: { ...NO_LIMITS, perHop: { host: 2 } } });
    expect(decide(night, EVENING).start).toEqual(['a', 'b', 'd']);
    expect(reasonFor('c', night)).toBe('limit of 2 on esx03');
  });

  test('what runs counts, what is told to stop still counts', () => {
    const limits = { ...NO_LIMITS, machinesAtOnce: 1 };
    const progress = new Map([['a', inState('running', { onHold: true })]]);
    const { start, stop, heldBack } = decide(
      testNight([testJob('a'), testJob('b')], { limits, progress }),
      EVENING,
    );
    expect(start).toEqual([]);
    expect(stop).toEqual([{ jobId: 'a', how: 'pause', reason: 'paused by the operator' }]);
    expect(heldBack.get('b')?.reason).toBe('limit of 1 machine at once');
  });

  test('no more machines than threads', () => {
    const night = testNight([testJob('a'), testJob('b')], { limits: { ...NO_LIMITS, threads: 1 } });
    expect(decide(night, EVENING).start).toEqual(['a']);
    expect(reasonFor('b', night)).toBe('limit of 1 thread');
  });

  test('machines go through the host of the target that has the fewest and takes one more', () => {
    const waysIn = ['xen1', 'xen2'].map((name) => [through('targetHost', name)]);
    const jobs = ['a', 'b', 'c', 'd', 'e'].map((name) => testJob(name, { waysIn, hops: [] }));
    const local = testJob('local', { waysIn: waysIn.slice(0, 1), hops: [] });
    const byName = new Map([['targetHost xen1', 1]]);
    const night = testNight([...jobs, local], {
      limits: { ...NO_LIMITS, perHop: { targetHost: 3 }, byName },
    });
    const decision = decide(night, EVENING);
    expect(decision.start).toEqual(['a', 'b', 'c', 'd']);
    const hosts = decision.start.map((id) => decision.waysIn.get(id)?.[0]?.name);
    expect(hosts).toEqual(['xen1', 'xen2', 'xen2', 'xen2']);
    expect(reasonFor('e', night)).toMatch(/^limit of \d on xen[12]$/);
    expect(reasonFor('local', night)).toBe('limit of 1 on xen1');
  });

  test('what failed alike on one host of the target is tried through another', () => {
    const waysIn = ['xen1', 'xen2'].map((name) => [through('targetHost', name)]);
    const failed = ['a', 'b', 'c'];
    const jobs = [...failed, 'd'].map((name) => testJob(name, { waysIn, hops: [] }));
    const progress = new Map(failed.map((id) => [id, inState('failed', { endedAt: EVENING })]));
    const failures = failed.map((jobId) => {
      return { jobId, at: EVENING, code: 'POOL_UPLOAD_FAILED' as const, wayIn: waysIn[0] ?? [] };
    });
    const { start, waysIn: taken } = decide(testNight(jobs, { progress, failures }), EVENING + MINUTE / 2);
    expect(start).toEqual(['d']);
    expect(taken.get('d')).toEqual(waysIn[1]);
  });

  test('a machine that needs two places is not passed for ever by those that need one', () => {
    const limits = { ...NO_LIMITS, perHop: { datastore: 1 } };
    const wide = testJob('wide', {
      hops: [through('datastore', 'ds1', 0.5), through('datastore', 'ds2', 0.5)],
    });
    const narrow = testJob('narrow', { hops: [through('datastore', 'ds2')], enlistedAt: EVENING + 4 * HOUR });
    const busy = testJob('busy', { hops: [through('datastore', 'ds1')] });
    const progress = new Map([['busy', inState('running')]]);
    const night = testNight([busy, narrow, wide], { limits, progress });
    expect(decide(night, EVENING + HOUR).start).toEqual(['narrow']);
    expect(reasonFor('narrow', night, EVENING + 5 * HOUR)).toBe(
      'the place left on ds2 is kept free for wide',
    );
  });
});

describe('windows', () => {
  test('nothing starts before the window opens, and it looks again then', () => {
    const night = testNight([testJob('a')], IN_WINDOW);
    const { start, heldBack, lookAgainAt } = decide(night, EVENING - 90 * MINUTE);
    expect(start).toEqual([]);
    expect(heldBack.get('a')?.reason).toBe('window nightly opens in 1 h 30 min');
    expect(lookAgainAt).toBe(EVENING);
    expect(decide(night, EVENING).start).toEqual(['a']);
  });

  test('it looks again when the window closes on what it has just started', () => {
    expect(decide(testNight([testJob('a')], IN_WINDOW), EVENING).lookAgainAt).toBe(EVENING + 8 * HOUR);
    const cut = testNight([testJob('a')], { ...IN_WINDOW, blackOuts: ['2026-11-24'] });
    expect(decide(cut, EVENING).lookAgainAt).toBe(EVENING + 2 * HOUR);
  });

  test('nothing starts on a black-out date', () => {
    const night = testNight([testJob('a')], { ...IN_WINDOW, blackOuts: ['2026-11-23', '2026-11-24'] });
    expect(decide(night, EVENING).start).toEqual([]);
    expect(decide(night, EVENING).lookAgainAt).toBe(Date.parse('2026-11-25T00:00:00Z'));
  });

  test('a machine that would end too late is held back, with how much too late', () => {
    const night = testNight(
      [testJob('a', { bytes: 100 * GIB }), testJob('small', { bytes: GIB })],
      IN_WINDOW,
    );
    expect(reasonFor('a', night, EVENING + 8 * HOUR - 7 * MINUTE)).toBe(
      'would end 11 min after the window nightly',
    );
    expect(decide(night, EVENING + 8 * HOUR - 7 * MINUTE).start).toEqual(['small']);
  });

  test('it starts anyway where the policy says so', () => {
    const policy = { ...DEFAULT_POLICY, wouldNotFinish: 'start-anyway' as const };
    // 10 GiB at 100 MiB/s take 102 s.
    const lastMinute = EVENING + 8 * HOUR - MINUTE;
    expect(decide(testNight([testJob('a')], { ...IN_WINDOW, policy }), lastMinute).start).toEqual(['a']);
  });

  test('smallest first only when not all fit', () => {
    const policy = { ...DEFAULT_POLICY, wouldNotFinish: 'smallest-first' as const };
    const jobs = [testJob('large', { bytes: 30 * GIB }), testJob('small', { bytes: 2 * GIB })];
    const night = testNight(jobs, { ...IN_WINDOW, policy });
    expect(decide(night, EVENING).start).toEqual(['large', 'small']);
    // Both need 328 s, the large one alone 307 s.
    expect(decide(night, EVENING + 8 * HOUR - 320_000).start).toEqual(['small']);
  });

  test('a vApp begins only when all of it fits', () => {
    const unit = { unit: 'shop', bytes: 10 * GIB };
    const jobs = [testJob('s1', unit), testJob('s2', unit), testJob('alone')];
    const night = testNight(jobs, IN_WINDOW);
    // One machine takes 103 s, two take 205 s.
    const { start, heldBack } = decide(night, EVENING + 8 * HOUR - 150_000);
    expect(start).toEqual(['alone']);
    expect(heldBack.get('s1')?.reason).toBe('vApp shop would end 1 min after the window nightly');
    const begun = testNight(jobs, { ...IN_WINDOW, progress: new Map([['s1', inState('done')]]) });
    expect(decide(begun, EVENING + 8 * HOUR - 150_000).start).toEqual(['s2']);
  });

  test('what fits no window says so, but is begun where pausing keeps what it has moved', () => {
    const huge = [testJob('huge', { bytes: 4000 * GIB })];
    const finish = { ...DEFAULT_POLICY, atWindowEnd: 'finish' as const };
    expect(reasonFor('huge', testNight(huge, { ...IN_WINDOW, policy: finish }))).toBe(
      'would take 11 h 23 min; window nightly lasts 8 h 00 min',
    );
    expect(decide(testNight(huge, IN_WINDOW), EVENING).start).toEqual(['huge']);
  });

  test.each([
    ['finish', []],
    ['pause', [{ jobId: 'a', how: 'pause', reason: 'window nightly is closed' }]],
    ['cancel', [{ jobId: 'a', how: 'cancel', reason: 'window nightly is closed' }]],
  ] as const)('when it closes the policy %s holds', (atWindowEnd, stops) => {
    const policy = { ...DEFAULT_POLICY, atWindowEnd };
    const night = testNight([testJob('a')], {
      ...IN_WINDOW,
      policy,
      progress: new Map([['a', inState('running')]]),
    });
    const close = EVENING + 8 * HOUR;
    expect(decide(night, close - 1).stop).toEqual([]);
    expect(decide(night, close).stop).toEqual(stops);
    if (atWindowEnd !== 'finish') expect(decide(night, close - 1).lookAgainAt).toBe(close);
  });
});

describe('bandwidth', () => {
  const day = { ...NIGHTLY, name: 'day', from: '06:00', to: '22:00' };
  const caps = [
    { window: day, bytesPerSecond: 10 * MIB },
    { window: { ...day, from: '08:00', to: '12:00' }, bytesPerSecond: 5 * MIB },
  ];

  test('the least cap that holds, until it or another changes', () => {
    const night = testNight([testJob('a')], { caps });
    const at = (hours: number) => decide(night, EVENING + hours * HOUR).bandwidth;
    expect(at(0)).toEqual({ bytesPerSecond: null, until: EVENING + 8 * HOUR });
    expect(at(8)).toEqual({ bytesPerSecond: 10 * MIB, until: EVENING + 10 * HOUR });
    expect(at(10)).toEqual({ bytesPerSecond: 5 * MIB, until: EVENING + 14 * HOUR });
  });

  test('what would fit without the cap does not with it', () => {
    const night = testNight([testJob('a')], {
      ...IN_WINDOW,
      caps: [{ window: NIGHTLY, bytesPerSecond: MIB }],
    });
    expect(reasonFor('a', night, EVENING + 7 * HOUR)).toBe('would end 1 h 51 min after the window nightly');
  });
});

describe('a cap that lets nothing through', () => {
  const caps = [{ window: { ...NIGHTLY, name: 'backup', to: '23:00' }, bytesPerSecond: 0 }];
  const progress = new Map([['runs', inState('running', { movedBytes: GIB })]]);
  const night = testNight([testJob('runs'), testJob('waits')], { caps, progress });

  test('nothing starts, what runs is paused with what it has moved', () => {
    const { start, stop, heldBack, lookAgainAt } = decide(night, EVENING);
    expect(start).toEqual([]);
    expect(stop).toEqual([{ jobId: 'runs', how: 'pause', reason: 'the bandwidth cap lets nothing through' }]);
    expect(heldBack.get('waits')).toMatchObject({ kind: 'bandwidth', until: EVENING + HOUR });
    expect(lookAgainAt).toBe(EVENING + HOUR);
  });

  test('when it is over all go on', () => {
    const { start, stop } = decide(night, EVENING + HOUR);
    expect({ start, stop }).toEqual({ start: ['waits'], stop: [] });
  });
});

describe('what runs and would still end in time', () => {
  // 100 MiB/s; alone the large one takes 40 minutes, with another on its host it has half of that.
  const large = testJob('large', { bytes: 240_000 * MIB });
  const beside = testJob('beside', { bytes: GIB });
  const elsewhere = testJob('elsewhere', { bytes: GIB, hops: [through('host', 'esx2')] });
  const progress = new Map([['large', inState('running', { movedBytes: 1 })]]);
  const night = testNight([large, beside, elsewhere], { ...IN_WINDOW, progress });
  const anHourBefore = EVENING + 7 * HOUR;

  test('is not kept from it by a newcomer; one that takes nothing from it may start', () => {
    expect(decide(night, anHourBefore).start).toEqual(['elsewhere']);
    expect(reasonFor('beside', night, anHourBefore)).toBe(
      'would keep large from ending before its window does',
    );
    expect(decide(night, EVENING + 6 * HOUR).start).toEqual(['beside', 'elsewhere']);
  });

  test('has no such right once it is too late for it anyway, nor where all start anyway', () => {
    expect(decide(night, EVENING + 7.5 * HOUR).start).toEqual(['beside', 'elsewhere']);
    const policy = { ...DEFAULT_POLICY, wouldNotFinish: 'start-anyway' as const };
    expect(decide({ ...night, policy }, anHourBefore).start).toEqual(['beside', 'elsewhere']);
  });
});

test('what the operator has paused is left alone', () => {
  const progress = new Map([['a', inState('waiting', { onHold: true })]]);
  expect(reasonFor('a', testNight([testJob('a')], { progress }))).toBe('paused by the operator');
});

test('nothing to do, nothing to look at', () => {
  const none: Job[] = [];
  const caps = [{ window: NIGHTLY, bytesPerSecond: MIB }];
  for (const night of [testNight(none), testNight(none, { caps })]) {
    expect(decide(night, EVENING)).toMatchObject({ start: [], stop: [], lookAgainAt: null });
  }
});

test('nothing begins before the batch does', () => {
  const startsAt = EVENING + 2 * HOUR;
  const night = { ...testNight([testJob('web01')]), startsAt };
  const { start, lookAgainAt } = decide(night, EVENING);
  expect({ start, lookAgainAt }).toEqual({ start: [], lookAgainAt: startsAt });
  expect(reasonFor('web01', night)).toBe('the batch begins in 2 h 00 min');
  expect(forecast(night, EVENING).jobs.get('web01')?.startsAt).toBe(startsAt);
  expect(decide(night, startsAt).start).toEqual(['web01']);
});

describe('a machine whose cutover has a window of its own', () => {
  const waves = [
    { name: 'all', window: NIGHTLY },
    { name: 'next', window: null },
  ];
  const cutover = { ...NIGHTLY, name: 'noon', from: '12:00', to: '13:00' };
  const jobs = [testJob('shop', { cutover }), testJob('till', { wave: 'next' })];
  const waits = inState('paused', { movedBytes: 10 * GIB, awaitsCutover: true });
  const night = testNight(jobs, {
    waves,
    progress: new Map([['shop', waits]]),
    limits: { ...NO_LIMITS, machinesAtOnce: 1 },
  });
  const NOON = EVENING + 14 * HOUR;

  test('leaves its place to others and holds back no wave while it waits', () => {
    const decision = decide(night, EVENING);
    expect(decision.start).toEqual(['till']);
    expect(decision.heldBack.get('shop')).toEqual({
      kind: 'cutover',
      reason: 'waits for its cutover window noon, which opens in 14 h 00 min',
      until: NOON,
    });
    expect(decision.lookAgainAt).toBe(NOON);
  });

  test('goes before all others when that opens, whatever its wave’s window is', () => {
    expect(decide(night, NOON).start).toEqual(['shop']);
  });

  test('is stopped when that closes, and not when its wave’s does', () => {
    const running = { ...night, progress: new Map([['shop', { ...waits, state: 'running' as const }]]) };
    expect(decide(running, NOON + HOUR / 2).stop).toEqual([]);
    expect(decide(running, NOON + HOUR).stop).toMatchObject([{ jobId: 'shop', how: 'pause' }]);
  });

  test('is moved in its wave’s window before, and stops with it', () => {
    const fresh = { ...night, progress: new Map([['shop', inState('running')]]) };
    expect(decide(fresh, EVENING + HOUR).stop).toEqual([]);
    expect(decide(fresh, EVENING + 8 * HOUR).stop).toMatchObject([{ jobId: 'shop' }]);
  });

  test('is forecast to end in that window, which the next wave does not wait for', () => {
    const { jobs: expected, endsAt } = forecast(night, EVENING);
    expect(expected.get('shop')?.startsAt).toBe(NOON);
    expect(expected.get('till')?.startsAt).toBe(EVENING);
    expect(endsAt).toBe(NOON);
    const fresh = forecast({ ...night, progress: new Map() }, EVENING);
    expect(fresh.jobs.get('shop')?.endsAt).toBe(NOON);
  });
});
