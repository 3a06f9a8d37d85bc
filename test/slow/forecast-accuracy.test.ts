import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GIB, MIB } from '../../src/model/units.js';
import { DEFAULT_POLICY, type Hop, type Job } from '../../src/scheduling/index.js';
import { liveThrough, type Span } from '../support/night-world.js';
import { EVENING, HOUR, NIGHTLY } from '../support/small-night.js';

const estate = fc.record({
  machines: fc.array(
    fc.record({
      gib: fc.integer({ min: 1, max: 50 }),
      host: fc.integer({ min: 0, max: 7 }),
      datastore: fc.integer({ min: 0, max: 5 }),
      repository: fc.integer({ min: 0, max: 3 }),
    }),
    { minLength: 150, maxLength: 200 },
  ),
  /** MiB a second; the plan guesses 100 for every host and 200 for datastores and repositories. */
  speeds: fc.array(fc.integer({ min: 60, max: 400 }), { minLength: 18, maxLength: 18 }),
  link: fc.integer({ min: 300, max: 1200 }),
  machinesAtOnce: fc.integer({ min: 8, max: 32 }),
  /** Whether some machines come after others, and whether less goes over the wire for two hours. */
  ordered: fc.boolean(),
  capped: fc.boolean(),
});

type Estate = typeof estate extends fc.Arbitrary<infer T> ? T : never;

interface Told {
  /** Seconds: what was left, and by how much the forecast was wrong. */
  readonly left: number;
  readonly error: number;
  /** Whether all that was to hold machines back for a tenth of the rest had been full for a quarter of an hour by then. */
  readonly known: boolean;
}

const QUARTER = HOUR / 4;
/** One every half hour, from the second hour on. */
const ASKED_AT = Array.from({ length: 40 }, (_, half) => EVENING + HOUR + (half * HOUR) / 2);
const FIRST = { host: 0, datastore: 8, repository: 14, link: 0, threads: 0, targetHost: 0 };

function forecastsOf({ machines, speeds, link, machinesAtOnce, ordered, capped }: Estate): Told[] {
  const jobs = machines.map(({ gib, host, datastore, repository }, index): Job => {
    const hops = [
      { kind: 'host' as const, name: `esx${host}`, share: 1 },
      { kind: 'datastore' as const, name: `ds${datastore}`, share: 1 },
      { kind: 'link' as const, name: 'backbone', share: 1 },
      { kind: 'repository' as const, name: `sr${repository}`, share: 1 },
    ];
    const id = `vm${index}`;
    const after = ordered && index % 4 === 3 ? [`vm${index - 1}`] : [];
    const order = { priority: 0, wave: 'all', unit: null, after, deadline: null };
    return { id, name: id, bytes: gib * GIB, hops, enlistedAt: EVENING, ...order };
  });
  const capacityOf = ({ kind, name }: Hop) =>
    (kind === 'link' ? link : (speeds[FIRST[kind] + Number(name.at(-1))] ?? 0)) * MIB;
  const night = {
    jobs,
    waves: [{ name: 'all', window: null }],
    startsAt: null,
    blackOuts: [],
    limits: { machinesAtOnce, threads: 64, perHop: { host: 4, datastore: 8 } },
    caps: capped ? [{ window: { ...NIGHTLY, from: '00:00', to: '02:00' }, bytesPerSecond: 120 * MIB }] : [],
    policy: DEFAULT_POLICY,
  };
  const { endedAt, forecasts, full } = liveThrough(night, {
    start: EVENING,
    until: EVENING + 1000 * HOUR,
    capacityOf,
    secondsPerMachine: 20,
    forecastsAt: ASKED_AT,
  });
  const hops = [...full].filter(([key]) => key !== 'cap').map(([, spans]) => spans);
  return forecasts.map(({ at, forecast }) => {
    const left = endedAt - at;
    const known = hops.every(
      (spans) => lasting(spans, at, endedAt) < 0.1 * left || lasting(spans, EVENING, at) >= QUARTER,
    );
    return { left, error: Math.abs((forecast.endsAt ?? 0) - endedAt), known };
  });
}

/** How much of it lies between two instants. */
function lasting(spans: readonly Span[], from: number, to: number): number {
  return spans.reduce((sum, span) => sum + Math.max(0, Math.min(span.to, to) - Math.max(span.from, from)), 0);
}

test('once the rates are known forecasts are within 15 % of what is left, 49 of 50 of them, and most within 5 %', () => {
  // Always the same ones: this is a measurement, and no property of every estate.
  const told = fc.sample(estate, { numRuns: 12, seed: 11 }).flatMap(forecastsOf);
  const known = told.filter((each) => each.known);
  expect(known.length).toBeGreaterThan(told.length / 2);
  // Of the last minutes one machine's rate decides.
  const wrong = known.filter(({ left, error }) => error > Math.max(0.15 * left, HOUR / 12));
  expect(wrong.length / known.length).toBeLessThanOrEqual(0.02);
  for (const { left, error } of wrong) expect(error / left).toBeLessThan(0.2);
  const close = known.filter(({ left, error }) => error <= 0.05 * left);
  expect(close.length / known.length).toBeGreaterThan(0.8);
});
