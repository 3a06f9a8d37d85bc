import { beforeAll, describe, expect, test } from 'vitest';
import { groupBy } from '../../../src/model/group-by.js';
import { GIB, MIB } from '../../../src/model/units.js';
import type { MigrationWindow } from '../../../src/model/window.js';
import { DEFAULT_POLICY, type Hop, type Job, type NightLimits } from '../../../src/scheduling/index.js';
import { expectLimitsKept, expectOrderKept, expectRunOnce } from '../../support/night-checks.js';
import { type History, liveThrough } from '../../support/night-world.js';

const HOUR = 3_600_000;
/** A Monday, 22:00 in Berlin. */
const START = Date.parse('2026-11-23T21:00:00Z');
const NIGHTLY: MigrationWindow = {
  name: 'nightly',
  days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
  from: '22:00',
  to: '06:00',
  timeZone: 'Europe/Berlin',
};
const CLOSES = START + 8 * HOUR;
const WAVES = ['foundation', 'main', 'rest'];
const LIMITS: NightLimits = {
  machinesAtOnce: 32,
  threads: 32,
  perHop: { host: 4, datastore: 8, repository: 12, targetHost: 16 },
};
const MACHINES = 1000;
const OUTAGE = { from: START + HOUR, to: START + 2 * HOUR };
/** Rates change for the last time in the fourth hour; an hour later they are known. */
const ASKED_AT = [5, 6, 7, 25].map((hours) => START + hours * HOUR);
const SLOW_BACKBONE = { from: START + 2 * HOUR, to: START + 4 * HOUR };

/** 1,000 machines of 2 to 60 GiB, most of them small; every tenth group of five is a vApp that starts in order. */
function estate(): Job[] {
  return Array.from({ length: MACHINES }, (_, index): Job => {
    const size = (index * 7919) % 997;
    const group = Math.floor(index / 5);
    const unit = group % 10 === 9 ? `shop${group}` : null;
    const wave = index < 40 ? 'foundation' : index < 900 ? 'main' : 'rest';
    return {
      id: `vm${index}`,
      name: `vm${index}`,
      bytes: Math.round((2 + 58 * (size / 997) ** 3) * GIB),
      priority: index % 50 === 0 ? 1 : 0,
      wave,
      unit,
      after: unit !== null && index % 5 !== 0 ? [`vm${index - 1}`] : [],
      hops: [
        { kind: 'host', name: `esx${index % 10}`, share: 1 },
        { kind: 'datastore', name: `ds${(index * 3) % 7}`, share: 1 },
        { kind: 'link', name: 'backbone', share: 1 },
        { kind: 'targetHost', name: `xen${index % 3}`, share: 1 },
        { kind: 'repository', name: `sr${index % 4}`, share: 1 },
      ],
      deadline: null,
      enlistedAt: START,
    };
  });
}

/** The backbone gives half for two hours of the first night; a datastore becomes slow for good. */
function capacityOf({ kind, name }: Hop, at: number): number {
  switch (kind) {
    case 'host':
      return (name === 'esx3' ? 60 : 140) * MIB;
    case 'datastore':
      return (name === 'ds2' && at > START + 3 * HOUR ? 120 : 300) * MIB;
    case 'link':
      return (at > SLOW_BACKBONE.from && at < SLOW_BACKBONE.to ? 350 : 700) * MIB;
    case 'targetHost':
      return 400 * MIB;
    case 'repository':
      return 350 * MIB;
    case 'threads':
      return 10_000 * MIB;
  }
}

describe('two nights of a thousand machines, a host down for an hour', () => {
  const jobs = estate();
  let history: History;

  beforeAll(() => {
    history = liveThrough(
      {
        jobs,
        waves: WAVES.map((name) => ({ name, window: NIGHTLY })),
        blackOuts: [],
        limits: LIMITS,
        caps: [],
        policy: DEFAULT_POLICY,
      },
      {
        start: START,
        until: START + 20 * 24 * HOUR,
        capacityOf,
        secondsPerMachine: 25,
        outages: [{ hop: { kind: 'host', name: 'esx7' }, ...OUTAGE, code: 'SOURCE_UNREADABLE' }],
        forecastsAt: [SLOW_BACKBONE.to - HOUR / 2, ...ASKED_AT],
      },
    );
  });

  test('every machine is done, none is starved or given up', () => {
    expect([...history.progress.values()].filter(({ state }) => state === 'done')).toHaveLength(MACHINES);
  });

  test('no limit is exceeded at any instant', () => {
    expectLimitsKept(history.runs, LIMITS);
  });

  test('waves and dependencies keep their order, nothing runs twice', () => {
    expectOrderKept(history.runs, WAVES);
    expectRunOnce(history.runs, jobs);
  });

  test('nothing runs while the window is closed', () => {
    const outside = history.runs.filter(({ from, to }) => {
      const opened = from < CLOSES ? START : START + 24 * HOUR;
      return from < opened || to > opened + 8 * HOUR;
    });
    expect(outside).toEqual([]);
    expect(history.endedAt).toBeGreaterThan(START + 24 * HOUR);
  });

  test('the host that is down costs few attempts, and the others go on meanwhile', () => {
    const failed = history.runs.filter(({ end }) => end === 'failed');
    expect(failed.length).toBeGreaterThanOrEqual(3);
    expect(failed.length).toBeLessThan(15);
    const during = history.runs.filter(({ to, end }) => end === 'done' && to > OUTAGE.from && to < OUTAGE.to);
    const hosts = groupBy(during, ({ job }) => job.hops[0]?.name ?? null);
    expect(hosts.size).toBeGreaterThanOrEqual(9);
  });

  test('the forecast is within 15 % of the work that is left once the rates are known', () => {
    const asked = history.forecasts.slice(1);
    expect(asked).toHaveLength(ASKED_AT.length);
    for (const { at, forecast } of asked) {
      // Without the hours in which the window is closed, which nobody can get wrong.
      const left = history.endedAt - at - (at < CLOSES ? 16 * HOUR : 0);
      // Of the last minutes one machine's rate decides.
      const tolerance = Math.max(0.15 * left, HOUR / 12);
      expect(Math.abs((forecast.endsAt ?? 0) - history.endedAt)).toBeLessThan(tolerance);
    }
  });

  test('a forecast names most of the machines that do not end in the first night', () => {
    const asked = history.forecasts[1]?.forecast;
    const late = new Set(jobs.map(({ id }) => id));
    for (const { job, to, end } of history.runs) if (end === 'done' && to <= CLOSES) late.delete(job.id);
    const named = [...(asked?.jobs ?? [])].filter(([, { endsAt }]) => endsAt > CLOSES).map(([id]) => id);
    const right = named.filter((id) => late.has(id));
    expect(right.length / late.size).toBeGreaterThan(0.85);
    expect(right.length / named.length).toBeGreaterThan(0.85);
  });

  test('the bottleneck is named, while the backbone is slow and when it is as fast as it can be', () => {
    const named = history.forecasts.slice(0, 3).map(({ bottleneck }) => bottleneck);
    expect(named).toEqual(['network backbone', 'network backbone', 'network backbone']);
  });

  test('rates of hops that were at their limit are found, slow ones among them', () => {
    const mib = (hop: Hop) => history.meter.capacityOf(hop) / MIB;
    expect(mib({ kind: 'host', name: 'esx3' })).toBeCloseTo(60, -1);
    expect(mib({ kind: 'link', name: 'backbone' })).toBeGreaterThan(600);
    expect(mib({ kind: 'link', name: 'backbone' })).toBeLessThanOrEqual(700);
    expect(history.meter.secondsPerMachine).toBeCloseTo(25, 0);
  });
});
