import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextOpening } from '../../../src/calendar/index.js';
import { GIB, MIB } from '../../../src/model/units.js';
import { DEFAULT_POLICY, type Hop, type Job, type Policy } from '../../../src/scheduling/index.js';
import { expectLimitsKept, expectOrderKept, expectRunOnce } from '../../support/night-checks.js';
import { type History, liveThrough, type Run } from '../../support/night-world.js';
import { EVENING, HOUR, MINUTE, NIGHTLY } from '../../support/small-night.js';

const WAVES = ['one', 'two', 'three'];
const WINDOW = { ...NIGHTLY, to: '02:00' };

const jobs = fc
  .array(
    fc.record({
      gib: fc.integer({ min: 0, max: 60 }),
      priority: fc.integer({ min: -1, max: 2 }),
      wave: fc.integer({ min: 0, max: 2 }),
      unit: fc.option(fc.integer({ min: 0, max: 3 })),
      host: fc.integer({ min: 0, max: 3 }),
      datastores: fc.uniqueArray(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 }),
      repository: fc.integer({ min: 0, max: 1 }),
      hosts: fc.uniqueArray(fc.integer({ min: 0, max: 2 }), { maxLength: 3 }),
      after: fc.option(fc.nat(), { freq: 4 }),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((drafts) => {
    const waveOf = (index: number) => drafts[index]?.wave ?? 0;
    return drafts.map((draft, index): Job => {
      // One that is planned before it, and in no later wave.
      const before = draft.after === null || index === 0 ? null : draft.after % index;
      return {
        id: `vm${index}`,
        name: `vm${index}`,
        bytes: draft.gib * GIB,
        priority: draft.priority,
        wave: WAVES[draft.wave] ?? '',
        unit: draft.unit === null ? null : `app${draft.wave}-${draft.unit}`,
        after: before !== null && waveOf(before) <= draft.wave ? [`vm${before}`] : [],
        hops: [
          { kind: 'host', name: `esx${draft.host}`, share: 1 },
          ...draft.datastores.map((name) => ({
            kind: 'datastore' as const,
            name: `ds${name}`,
            share: 1 / draft.datastores.length,
          })),
          { kind: 'link', name: 'backbone', share: 1 },
          { kind: 'repository', name: `sr${draft.repository}`, share: 1 },
        ],
        waysIn: draft.hosts.map((host) => [{ kind: 'targetHost', name: `xen${host}`, share: 1 }]),
        deadline: null,
        enlistedAt: EVENING,
      };
    });
  });

const limit = fc.integer({ min: 1, max: 4 });
const night = fc.record({
  jobs,
  limits: fc.record({
    machinesAtOnce: fc.integer({ min: 1, max: 12 }),
    threads: fc.integer({ min: 1, max: 12 }),
    perHop: fc.record(
      { host: limit, datastore: limit, repository: limit, targetHost: limit },
      { requiredKeys: [] },
    ),
  }),
  windowed: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
  blackOut: fc.boolean(),
  policy: fc.record({
    atWindowEnd: fc.constantFrom<Policy['atWindowEnd']>('finish', 'pause', 'cancel'),
    wouldNotFinish: fc.constantFrom<Policy['wouldNotFinish']>('hold-back', 'smallest-first', 'start-anyway'),
  }),
  tuned: fc.boolean(),
  capacities: fc.array(fc.integer({ min: 40, max: 400 }), { minLength: 12, maxLength: 12 }),
  outage: fc.option(
    fc.record({
      host: fc.integer({ min: 0, max: 3 }),
      begins: fc.integer({ min: 0, max: 120 }),
      minutes: fc.integer({ min: 1, max: 60 }),
    }),
  ),
});

type Drawn = typeof night extends fc.Arbitrary<infer T> ? T : never;

function live(drawn: Drawn): History {
  const { outage, capacities } = drawn;
  const seed = ({ kind, name }: Hop) => kind.length * 5 + Number(name.at(-1) === 'e' ? 0 : name.at(-1));
  return liveThrough(
    {
      jobs: drawn.jobs,
      waves: WAVES.map((name, index) => ({ name, window: drawn.windowed[index] === true ? WINDOW : null })),
      startsAt: null,
      blackOuts: drawn.blackOut ? ['2026-11-24'] : [],
      limits: drawn.limits,
      caps: [],
      policy: { ...DEFAULT_POLICY, ...drawn.policy },
    },
    {
      start: EVENING,
      until: EVENING + 100 * 24 * HOUR,
      // Another every hour.
      capacityOf: (hop, at) =>
        (capacities[(seed(hop) + Math.floor((at - EVENING) / HOUR)) % capacities.length] ?? 100) * MIB,
      secondsPerMachine: 10,
      outages:
        outage === null
          ? []
          : [
              {
                hop: { kind: 'host', name: `esx${outage.host}` },
                from: EVENING + outage.begins * MINUTE,
                to: EVENING + (outage.begins + outage.minutes) * MINUTE,
                code: 'SOURCE_UNREADABLE',
              },
            ],
      tuned: drawn.tuned,
    },
  );
}

/** Whether it began while the window was open and, but where it may finish, ended before that closed. */
function keepsToWindow({ from, to, end }: Run, blackOuts: readonly string[], policy: string): boolean {
  const opening = nextOpening(WINDOW, from, blackOuts);
  if (opening.begin > from) return false;
  return policy === 'finish' || end === 'failed' || to <= opening.end;
}

test('over any nights limits, order and windows are kept, and everything comes to an end', () => {
  fc.assert(
    fc.property(night, (drawn) => {
      const { runs, progress } = live(drawn);
      expectLimitsKept(runs, drawn.limits);
      expectOrderKept(runs, WAVES);
      expectRunOnce(runs, drawn.jobs);
      const blackOuts = drawn.blackOut ? ['2026-11-24'] : [];
      for (const run of runs) {
        if (drawn.windowed[WAVES.indexOf(run.job.wave)] === true)
          expect(keepsToWindow(run, blackOuts, drawn.policy.atWindowEnd)).toBe(true);
      }
      const lost = new Set<string>();
      for (const { id, after } of drawn.jobs) {
        const state = progress.get(id)?.state ?? 'waiting';
        const mayBeLost = state === 'cancelled' || after.some((before) => lost.has(before));
        if (mayBeLost) lost.add(id);
        else expect(state).toBe('done');
      }
    }),
    { numRuns: 100 },
  );
});
