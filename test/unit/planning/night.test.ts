import { describe, expect, test } from 'vitest';
import { DEFAULT_POLICY } from '../../../src/model/night.js';
import { MIB } from '../../../src/model/units.js';
import { UNKNOWN_PLACEMENT } from '../../../src/model/virtual-machine.js';
import { limitsOf } from '../../../src/planning/estimate/index.js';
import { refuseUnknownPlaces } from '../../../src/planning/night/limit-names.js';
import { plannedNight } from '../../../src/planning/night/planned-night.js';
import { Turns } from '../../../src/planning/night/turns.js';
import { testDisk, testMachine, testPlanned } from '../../support/machines.js';

const OFFICE = { cron: '0 8 * * 1-5', hours: 10, timeZone: 'UTC' };

describe('what a migration says of its nights', () => {
  test('nothing: no black-outs, no caps, the usual policy', () => {
    expect(plannedNight({})).toEqual({ startsAt: null, blackOuts: [], caps: [], policy: DEFAULT_POLICY });
  });

  test('a step that is stuck is given up after another time, or never', () => {
    const giveUp = (giveUpSeconds: number | 'off') =>
      plannedNight({ night: { stuck: { giveUpSeconds } } }).policy.stuck.giveUpSeconds;
    expect([giveUp(1800), giveUp('off'), plannedNight({}).policy.stuck.giveUpSeconds]).toEqual([
      1800,
      null,
      3600,
    ]);
  });

  test('parts of the policy leave the others as they are', () => {
    const { policy } = plannedNight({ night: { atWindowEnd: 'finish', retries: { attempts: 2 } } });
    expect(policy).toEqual({
      ...DEFAULT_POLICY,
      atWindowEnd: 'finish',
      retries: { ...DEFAULT_POLICY.retries, attempts: 2 },
    });
  });

  test('a first pause above the usual longest one is kept', () => {
    const { policy } = plannedNight({ night: { groups: { firstPauseSeconds: 7200 } } });
    expect(policy.groups).toMatchObject({ firstPauseSeconds: 7200, longestPauseSeconds: 7200 });
  });

  test('caps go by windows; one that is not there is refused', () => {
    const bandwidth = [{ window: 'office', mibPerSecond: 50 }];
    expect(plannedNight({ bandwidth, windows: { office: OFFICE } }).caps).toEqual([
      { window: { name: 'office', ...OFFICE }, bytesPerSecond: 50 * MIB },
    ]);
    expect(() => plannedNight({ bandwidth })).toThrow(/office/);
  });
});

describe('whose turn it is', () => {
  const machines = ['db01', 'web01', 'old'].map((name) => testMachine({ name, uuid: `uuid-${name}` }));
  const [db, web] = machines;
  const deadline = '2026-11-30T06:00:00+01:00';
  const turns = new Turns(
    { waves: [{ name: 'shop', priority: 5, deadline }] },
    machines,
    machines.slice(0, 2),
  );

  test('its own word before that of its wave', () => {
    expect(turns.of(testMachine(), {}, 'shop')).toEqual({ priority: 5, deadline, after: [] });
    expect(turns.of(testMachine(), { priority: 0 }, 'shop')).toMatchObject({ priority: 0, deadline });
    expect(turns.of(testMachine(), {}, 'rest')).toEqual({ priority: 0, deadline: null, after: [] });
  });

  test('others that come first are found by name, UUID and id, each once', () => {
    const after = ['db01', 'UUID-db01', 'web01.ovf'];
    expect(turns.of(testMachine(), { after }, 'rest').after).toEqual([db?.id, web?.id]);
  });

  test.each([
    ['db1', /after: "db1" is no machine; did you mean "db01"\?/],
    ['old', /after: "old" is not moved/],
  ])('%s cannot come first', (name, message) => {
    expect(() => turns.of(testMachine(), { after: [name] }, 'rest')).toThrow(message);
  });

  test('a name that two machines have says nothing', () => {
    const twins = [testMachine({ name: 'web', id: 'a' }), testMachine({ name: 'web', id: 'b' })];
    const ambiguous = new Turns({}, twins, twins);
    expect(() => ambiguous.of(testMachine(), { after: ['web'] }, 'rest')).toThrow(/names 2 machines/);
    expect(ambiguous.of(testMachine(), { after: ['b'] }, 'rest').after).toEqual(['b']);
  });
});

describe('limits on single places', () => {
  const machine = testMachine({
    placement: { ...UNKNOWN_PLACEMENT, host: 'esx03' },
    disks: [testDisk({ datastore: 'ds1' })],
  });
  const planned = [testPlanned(machine, { disks: [{ dataBytes: 0, certainBytes: 0, storage: 'Fast' }] })];
  const check = (limits: Parameters<typeof limitsOf>[0]['limits']) =>
    refuseUnknownPlaces(limitsOf({ limits }, 1).byName, {
      machines: [machine],
      planned,
      target: { hosts: [{ name: 'xen1', memoryGiB: 1, cpus: 1, gpus: 0 }] },
    });

  test('name what machines have to do with', () => {
    check({ hosts: { esx03: 1 }, datastores: { ds1: 1 }, storage: { Fast: 1 }, targetHosts: { xen1: 1 } });
  });

  test.each([
    [{ hosts: { esx3: 1 } }, /limits\.hosts: .*"esx3"; did you mean "esx03"\?/],
    [{ datastores: { ds2: 1 } }, /limits\.datastores: .*"ds2"/],
    [{ storage: { Slow: 1 } }, /limits\.storage: .*"Slow"/],
    [{ targetHosts: { xen2: 1 } }, /limits\.targetHosts: .*"xen2"; did you mean "xen1"\?/],
  ])('%j names nothing', (limits, message) => {
    expect(() => check(limits)).toThrow(message);
  });

  test('are not judged where only the pool knows', () => {
    const byName = limitsOf({ limits: { storage: { Slow: 1 }, targetHosts: { xen9: 1 } } }, 1).byName;
    const pool = {
      url: 'https://pool',
      user: 'root',
      password: { environment: 'X' },
      tlsFingerprints: [],
      readBack: 'all' as const,
      disksPerHost: 4,
      disksPerStorage: 8,
      newNetworks: [],
    };
    refuseUnknownPlaces(byName, { machines: [machine], planned, target: { pool } });
  });
});
