import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Limits,
  NO_PLACE_LIMITS,
  type PlannedMachine,
  type PlannedWave,
  type Rates,
} from '../../../../src/model/plan.js';
import { GIB, MIB } from '../../../../src/model/units.js';
import { UNKNOWN_PLACEMENT } from '../../../../src/model/virtual-machine.js';
import {
  applyWhatIf,
  compareEstimates,
  estimatePlan,
  whatWouldHelp,
} from '../../../../src/planning/estimate/index.js';
import { testDisk, testMachine, testPlanned } from '../../../support/machines.js';

const RATES: Rates = {
  sourceMiBps: 100,
  networkMiBps: 1000,
  threadMiBps: 300,
  targetMiBps: 1000,
  secondsPerMachine: 0,
};
const LIMITS: Limits = {
  machinesAtOnce: 4,
  machinesPerHost: 4,
  machinesPerDatastore: 4,
  threads: 4,
  ...NO_PLACE_LIMITS,
};

function machine(name: string, host: string, gibibytes: number): PlannedMachine {
  const placement = { ...UNKNOWN_PLACEMENT, host };
  const disks = [{ dataBytes: gibibytes * GIB, certainBytes: 0, storage: null }];
  return testPlanned(testMachine({ name, placement, disks: [testDisk()] }), {
    disks,
    dataBytes: gibibytes * GIB,
  });
}

const wave = (machines: readonly PlannedMachine[], changes: Partial<PlannedWave> = {}): PlannedWave => ({
  name: 'all',
  machineIds: machines.map((planned) => planned.machine.id),
  window: null,
  ...changes,
});

const estimate = (machines: PlannedMachine[], rates: Partial<Rates> = {}, limits: Partial<Limits> = {}) =>
  estimatePlan({
    machines,
    waves: [wave(machines)],
    rates: { ...RATES, ...rates },
    limits: { ...LIMITS, ...limits },
    start: null,
    blackOuts: [],
    target: undefined,
  });

describe('an estimate', () => {
  it('of one machine is its data at the slowest rate', () => {
    const found = estimate([machine('a', 'esx1', 10)]);
    expect(found.seconds).toBeCloseTo((10 * GIB) / (100 * MIB), 3);
    expect(found.bottleneck).toBe('source');
  });

  it('lets two machines of one host share it, and two of two hosts not', () => {
    expect(estimate([machine('a', 'esx1', 10), machine('b', 'esx1', 10)]).seconds).toBeCloseTo(204.8, 3);
    expect(estimate([machine('a', 'esx1', 10), machine('b', 'esx2', 10)]).seconds).toBeCloseTo(102.4, 3);
  });

  it('says when the network holds it back', () => {
    const machines = ['1', '2', '3', '4'].map((host) => machine(`m${host}`, host, 10));
    const found = estimate(machines, { networkMiBps: 100 });
    expect(found).toMatchObject({ bottleneck: 'network' });
    expect(found.seconds).toBeCloseTo(409.6, 3);
  });

  it('keeps to the number of machines of a host', () => {
    const machines = [machine('a', 'esx1', 10), machine('b', 'esx1', 10)];
    const found = estimate(machines, { secondsPerMachine: 10 }, { machinesPerHost: 1 });
    expect(found.seconds).toBeCloseTo(2 * (102.4 + 10), 3);
  });

  it('pauses outside its window, over the night in which clocks change', () => {
    // 25 October 2026: Berlin's clocks go back at 03:00 summer time, so the window from 22:00 to 06:00 has nine hours.
    const machines = [machine('a', 'esx1', (9.5 * 3600 * 100) / 1024)];
    const window = {
      name: 'n',
      days: ['sat' as const],
      from: '22:00',
      to: '06:00',
      timeZone: 'Europe/Berlin',
    };
    const found = estimatePlan({
      machines,
      waves: [wave(machines, { window })],
      rates: RATES,
      limits: LIMITS,
      start: '2026-10-24T12:00:00Z',
      blackOuts: [],
      target: undefined,
    });
    expect(found.waves[0]).toMatchObject({ windows: 2 });
    expect(Date.parse(found.waves[0]?.startsAt ?? '')).toBe(Date.parse('2026-10-24T20:00:00Z'));
    expect(Date.parse(found.waves[0]?.endsAt ?? '')).toBe(Date.parse('2026-10-31T21:30:00Z'));
  });

  it('is never faster than a resource allows nor slower than one machine after the other', () => {
    const bounds = fc.property(
      fc.array(fc.tuple(fc.constantFrom('h1', 'h2', 'h3'), fc.integer({ min: 1, max: 50 })), {
        minLength: 1,
        maxLength: 12,
      }),
      fc.integer({ min: 1, max: 5 }),
      (list, machinesAtOnce) => {
        const machines = list.map(([host, size], index) => machine(`m${index}`, host, size));
        const { seconds, bytes } = estimate(machines, {}, { machinesAtOnce });
        const total = list.reduce((sum, [, size]) => sum + size * GIB, 0);
        expect(bytes).toBe(total);
        expect(seconds).toBeGreaterThanOrEqual(total / (3 * 100 * MIB) - 1e-6);
        expect(seconds).toBeLessThanOrEqual(total / (100 * MIB) + 1e-6);
      },
    );
    expect(() => fc.assert(bounds)).not.toThrow();
  });

  it('tells what would help', () => {
    const machines = [machine('a', 'esx1', 10), machine('b', 'esx1', 10)];
    const [best] = whatWouldHelp({
      machines,
      waves: [wave(machines)],
      rates: RATES,
      limits: LIMITS,
      start: null,
      blackOuts: [],
      target: undefined,
    });
    expect(best).toMatchObject({ change: 'rates.sourceMiBps=200' });
    expect(best?.seconds).toBeCloseTo(102.4, 3);
  });
});

describe('what if', () => {
  it('takes long and short names and checks the values', () => {
    expect(applyWhatIf({ version: 1 }, ['networkMiBps=50', 'limits.machinesAtOnce=8'])).toEqual({
      version: 1,
      rates: { networkMiBps: 50 },
      limits: { machinesAtOnce: 8 },
    });
    expect(() => applyWhatIf({ version: 1 }, ['networkMbps=50'])).toThrow(/networkMbps/);
    expect(() => applyWhatIf({ version: 1 }, ['networkMiBps=fast'])).toThrow(/fast/);
  });

  it('is compared wave by wave', () => {
    const machines = [machine('a', 'esx1', 10)];
    const comparison = compareEstimates(estimate(machines), estimate(machines, { sourceMiBps: 200 }));
    expect(comparison.waves).toHaveLength(1);
    expect(comparison.before.seconds).toBeCloseTo(2 * comparison.after.seconds, 3);
  });
});
