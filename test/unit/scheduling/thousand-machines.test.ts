import { expect, test } from 'vitest';
import type { MigrationWindow } from '../../../src/model/plan.js';
import { groupBy } from '../../../src/model/group-by.js';
import { GIB, MIB } from '../../../src/model/units.js';
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
const WAVES = ['foundation', 'main', 'rest'];
const LIMITS: NightLimits = {
  machinesAtOnce: 32,
  threads: 32,
  perHop: { host: 4, datastore: 8, repository: 12, targetHost: 16 },
};
const MACHINES = 1000;
const OUTAGE = { from: START + HOUR, to: START + 2 * HOUR };

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

/** The backbone gives half for two hours of the first night, a datastore becomes slow for good. */
function capacityOf({ kind, name }: Hop, at: number): number {
  switch (kind) {
    case 'host':
      return (name === 'esx3' ? 60 : 140) * MIB;
    case 'datastore':
      return (name === 'ds2' && at > START + 3 * HOUR ? 120 : 300) * MIB;
    case 'link':
      return (at > START + 2 * HOUR && at < START + 4 * HOUR ? 350 : 700) * MIB;
    case 'targetHost':
      return 400 * MIB;
    case 'repository':
      return 350 * MIB;
    case 'threads':
      return 10_000 * MIB;
  }
}

function live(tuned: boolean): { jobs: readonly Job[]; history: History } {
  const jobs = estate();
  const history = liveThrough(
    {
      jobs,
      waves: WAVES.map((name) => ({ name, window: NIGHTLY })),
      blackOuts: ['2026-11-25'],
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
      tuned,
      forecastsAt: [START + 4.5 * HOUR, START + 6 * HOUR, START + 25 * HOUR],
    },
  );
  return { jobs, history };
}

test('dbg', () => {
  const t0 = performance.now();
  const { history } = live(false);
  console.log(
    'ms',
    performance.now() - t0,
    'decisions',
    history.decisions.length,
    'runs',
    history.runs.length,
  );
  console.log('end h', (history.endedAt - START) / HOUR);
  const states = groupBy([...history.progress.values()], ({ state }) => state);
  console.log([...states].map(([k, v]) => [k, v.length]));
  for (const { at, forecast } of history.forecasts)
    console.log(
      'forecast at',
      (at - START) / HOUR,
      ((forecast.endsAt ?? 0) - START) / HOUR,
      forecast.waves.map((w) => [w.wave, w.unfit, w.endsAt && (w.endsAt - START) / HOUR]),
    );
  for (const kind of ['host', 'datastore', 'link', 'targetHost', 'repository'] as const)
    console.log(
      kind,
      [...new Set(estate().flatMap((j) => j.hops.filter((h) => h.kind === kind).map((h) => h.name)))]
        .map((name) => `${name} ${Math.round(history.meter.capacityOf({ kind, name }) / MIB)}`)
        .join(' '),
    );
  const last = history.decisions.at(-1);
  console.log([...(last?.decision.heldBack ?? [])].slice(0, 5), history.meter.secondsPerMachine);
  expectLimitsKept(history.runs, LIMITS);
  expectOrderKept(history.runs, WAVES);
  expectRunOnce(history.runs, estate());
  expect(1).toBe(1);
});
