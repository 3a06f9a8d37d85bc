import fc from 'fast-check';
import { expect, test } from 'vitest';
import { soundNight } from '../../../src/coordinator/night/watch-jobs.js';
import { DEFAULT_POLICY } from '../../../src/model/night.js';
import { NO_PLACE_LIMITS, type Plan, type PlannedMachine } from '../../../src/model/plan.js';
import { GIB, MIB } from '../../../src/model/units.js';
import { UNKNOWN_PLACEMENT } from '../../../src/model/virtual-machine.js';
import { estimatePlan } from '../../../src/planning/estimate/index.js';
import { forecast, guessesOf } from '../../../src/scheduling/index.js';
import { testDisk, testMachine, testPlanned } from '../../support/machines.js';
import { HOUR, NIGHTLY } from '../../support/small-night.js';

/** A Friday evening, an hour before the window opens. */
const START = Date.parse('2027-01-08T21:00:00Z');
const OFFICE = { ...NIGHTLY, name: 'office', from: '23:00', to: '01:00' };
const RATES = {
  sourceMiBps: 80,
  networkMiBps: 300,
  threadMiBps: 100,
  targetMiBps: 150,
  secondsPerMachine: 20,
};

const drafts = fc.array(
  fc.record({
    gib: fc.integer({ min: 0, max: 200 }),
    host: fc.option(fc.integer({ min: 0, max: 2 })),
    datastore: fc.option(fc.integer({ min: 0, max: 2 })),
    storage: fc.integer({ min: 0, max: 1 }),
    wave: fc.integer({ min: 0, max: 1 }),
    priority: fc.integer({ min: 0, max: 2 }),
    deadline: fc.option(fc.integer({ min: 1, max: 9 })),
    vApp: fc.option(fc.integer({ min: 0, max: 1 }), { freq: 3 }),
    after: fc.option(fc.nat(), { freq: 3 }),
  }),
  { minLength: 1, maxLength: 25 },
);

type Draft = typeof drafts extends fc.Arbitrary<(infer T)[]> ? T : never;

function machineOf(draft: Draft, index: number, all: readonly Draft[]): PlannedMachine {
  const { gib, host, datastore, storage, deadline, vApp } = draft;
  const before = draft.after === null || index === 0 ? null : draft.after % index;
  const machine = testMachine({
    id: `vm${index}`,
    name: `vm${index}`,
    placement: { ...UNKNOWN_PLACEMENT, host: host === null ? null : `esx${host}` },
    // None is read by hosts and exported beside: the plan reckons with a source's rate once.
    disks: [
      testDisk({ datastore: datastore === null ? null : `${host === null ? 'nfs' : 'ds'}${datastore}` }),
    ],
    startOrder: vApp === null ? null : index,
    source: {
      kind: 'ovf',
      descriptor: vApp === null ? `exports/vm${index}.ovf` : `app${draft.wave}${vApp}.ovf`,
    },
  });
  return testPlanned(machine, {
    wave: `wave${draft.wave}`,
    priority: draft.priority,
    deadline: deadline === null ? null : new Date(START + deadline * HOUR).toISOString(),
    after: before !== null && all[before]?.wave === draft.wave ? [`vm${before}`] : [],
    disks: [{ dataBytes: gib * GIB, certainBytes: 0, storage: `sr${storage}` }],
  });
}

test('a plan says of its end what the scheduler says when it begins', () => {
  const settings = fc.record({
    drafts,
    windowed: fc.boolean(),
    cap: fc.option(fc.integer({ min: 0, max: 100 })),
    finish: fc.boolean(),
    atOnce: fc.integer({ min: 1, max: 6 }),
    perHost: fc.integer({ min: 1, max: 3 }),
  });
  fc.assert(
    fc.property(settings, (drawn) => {
      const machines = drawn.drafts.map(machineOf);
      const waves = [0, 1].map((number) => ({
        name: `wave${number}`,
        machineIds: machines.filter(({ wave }) => wave === `wave${number}`).map(({ machine }) => machine.id),
        window: drawn.windowed ? NIGHTLY : null,
      }));
      const limits = {
        ...NO_PLACE_LIMITS,
        machinesAtOnce: drawn.atOnce,
        threads: 8,
        machinesPerHost: drawn.perHost,
        machinesPerDatastore: 2,
        machinesPerStorage: 4,
      };
      const caps = drawn.cap === null ? [] : [{ window: OFFICE, bytesPerSecond: drawn.cap * MIB }];
      const atWindowEnd = drawn.finish ? ('finish' as const) : ('pause' as const);
      const start = new Date(START).toISOString();
      const estimate = estimatePlan({
        machines,
        waves,
        rates: RATES,
        limits,
        start,
        blackOuts: ['2027-01-10'],
        caps,
        atWindowEnd,
        target: undefined,
      });
      const policy = { ...DEFAULT_POLICY, atWindowEnd };
      const plan: Plan = {
        sources: [],
        target: '/out',
        destination: { kind: 'vhd' },
        guests: { tools: null, luksKeys: [], isolate: false },
        machines,
        waves,
        night: { startsAt: START, blackOuts: ['2027-01-10'], caps, policy },
        estimate,
        unreadable: [],
        concerns: [],
      };
      const night = soundNight(plan);
      const rates = {
        capacityOf: guessesOf(RATES, limits.threads, night.jobs),
        secondsPerMachine: RATES.secondsPerMachine,
      };
      const expected = forecast({ ...night, progress: new Map(), failures: [], rates }, START);
      for (const [index, { endsAt, machines: count }] of estimate.waves.entries()) {
        if (count === 0) continue;
        const seconds = (Date.parse(endsAt ?? '') - (expected.waves[index]?.endsAt ?? 0)) / 1000;
        expect(Math.abs(seconds)).toBeLessThan(1);
      }
    }),
    { numRuns: 200 },
  );
});
