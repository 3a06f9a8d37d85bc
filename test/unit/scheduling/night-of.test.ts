import { expect, test } from 'vitest';
import { ANY_NIGHT } from '../../../src/model/night.js';
import { NO_PLACE_LIMITS, type Plan } from '../../../src/model/plan.js';
import { MIB } from '../../../src/model/units.js';
import { UNKNOWN_PLACEMENT } from '../../../src/model/virtual-machine.js';
import { decide, nightOf, refuseUnsoundOrder } from '../../../src/scheduling/index.js';
import { NO_ESTIMATE, testMachine, testPlanned } from '../../support/machines.js';
import { EVENING, HOUR, NIGHTLY } from '../../support/small-night.js';

const FACTS = { link: 'LAN', converter: 'ferry01', folder: 'out', enlistedAt: EVENING };
const DEADLINE = '2026-11-24T06:00:00+01:00';

const planned = (name: string, changes: Parameters<typeof testPlanned>[1] = {}) =>
  testPlanned(testMachine({ name, placement: { ...UNKNOWN_PLACEMENT, host: 'esx03' } }), changes);

const PLAN: Plan = {
  sources: [],
  target: '/out',
  destination: { kind: 'xva', compression: 'none' },
  guests: { tools: null, luksKeys: [], isolate: false },
  machines: [
    planned('web', { after: ['db.ovf'] }),
    planned('db', { priority: 3, deadline: DEADLINE }),
    planned('late', { wave: 'rest' }),
  ],
  waves: [
    { name: 'all', machineIds: ['db.ovf', 'web.ovf'], window: NIGHTLY },
    { name: 'rest', machineIds: ['late.ovf'], window: null },
  ],
  night: {
    ...ANY_NIGHT,
    blackOuts: ['2026-12-24'],
    caps: [{ window: NIGHTLY, bytesPerSecond: MIB }],
  },
  estimate: {
    ...NO_ESTIMATE,
    limits: {
      ...NO_PLACE_LIMITS,
      machinesAtOnce: 8,
      threads: 8,
      machinesPerHost: 4,
      machinesPerDatastore: 8,
      machinesPerStorage: 6,
      byName: { hosts: { esx03: 1 }, datastores: {}, targetHosts: {}, storage: { out: 2 } },
    },
  },
  unreadable: [],
  concerns: [],
};

test('a plan becomes a night in the order of its waves, with its words on order, limits and caps', () => {
  const night = nightOf(PLAN, FACTS);
  expect(
    night.jobs.map(({ id, wave, priority, after, deadline }) => [id, wave, priority, after, deadline]),
  ).toEqual([
    ['db.ovf', 'all', 3, [], Date.parse(DEADLINE)],
    ['web.ovf', 'all', 0, ['db.ovf'], null],
    ['late.ovf', 'rest', 0, [], null],
  ]);
  expect(night.waves).toEqual([
    { name: 'all', window: NIGHTLY },
    { name: 'rest', window: null },
  ]);
  expect(night.limits).toMatchObject({ machinesAtOnce: 8, perHop: { host: 4, datastore: 8, repository: 6 } });
  expect(night).toMatchObject(PLAN.night);
  refuseUnsoundOrder(night.jobs, night.waves);
});

test('a limit on one host by its name is kept by the scheduler', () => {
  const machines = ['a', 'b'].map((name) => planned(name));
  const waves = [{ name: 'all', machineIds: ['a.ovf', 'b.ovf'], window: null }];
  const night = {
    ...nightOf({ ...PLAN, machines, waves, night: ANY_NIGHT }, FACTS),
    progress: new Map(),
    failures: [],
    rates: { capacityOf: () => 100 * MIB, secondsPerMachine: 0 },
  };
  const { start, heldBack } = decide(night, EVENING + HOUR);
  expect(start).toEqual(['a.ovf']);
  expect(heldBack.get('b.ovf')?.reason).toBe('limit of 1 on esx03');
});

test('a machine has the ways into the target that are known of it', () => {
  const way = [{ kind: 'targetHost' as const, name: 'xen1', share: 1 }];
  const { jobs } = nightOf(PLAN, { ...FACTS, waysInOf: ({ name }) => (name === 'db' ? [way] : []) });
  expect(jobs.map(({ waysIn }) => waysIn)).toEqual([[way], [], []]);
});
