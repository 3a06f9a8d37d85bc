import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PlannedMachine } from '../../../../src/model/plan.js';
import { MIB } from '../../../../src/model/units.js';
import { estimatePlan } from '../../../../src/planning/estimate/index.js';
import { TransferModel } from '../../../../src/planning/estimate/transfer-model.js';
import { FairShares, type Flow } from '../../../../src/transfers/fair-shares.js';
import { simulateWave } from '../../../../src/transfers/simulate-wave.js';
import { StartQueue } from '../../../../src/transfers/start-queue.js';
import { moved, oneWave } from './scenario.js';

const rate = fc.integer({ min: 1, max: 500 });
const RATES = fc.record({
  sourceMiBps: rate,
  networkMiBps: rate,
  threadMiBps: rate,
  targetMiBps: rate,
  secondsPerMachine: fc.integer({ min: 0, max: 20 }),
});
const few = fc.integer({ min: 1, max: 4 });
const LIMITS = fc.record({
  machinesAtOnce: few,
  machinesPerHost: few,
  machinesPerDatastore: few,
  threads: few,
  machinesPerTargetHost: fc.constant(null),
  machinesPerStorage: fc.option(few),
  byName: fc.record({
    hosts: fc.constant({}),
    datastores: fc.dictionary(fc.constantFrom('ds1', 'ds2'), few),
    targetHosts: fc.constant({}),
    storage: fc.dictionary(fc.constantFrom('sr1', 'sr2'), few),
  }),
});
const DISK = fc.record({
  mib: fc.integer({ min: 0, max: 5000 }),
  datastore: fc.constantFrom('ds1', 'ds2', 'ds3'),
  storage: fc.constantFrom('sr1', 'sr2'),
});
const MACHINE = fc.record({
  host: fc.constantFrom('h1', 'h2', null),
  disks: fc.array(DISK, { maxLength: 3 }),
});
const MACHINES = fc
  .array(MACHINE, { maxLength: 25 })
  .map((all) => all.map(({ host, disks }, index) => moved(`m${index}`, host, disks)));

const mibOf = (machines: readonly PlannedMachine[]) =>
  machines.flatMap(({ disks }) => disks).reduce((sum, { dataBytes }) => sum + dataBytes / MIB, 0);

/** MiB by what `nameOf` says of each disk. */
function mibBy(
  machines: readonly PlannedMachine[],
  nameOf: (planned: PlannedMachine, disk: number) => string,
) {
  const sums = new Map<string, number>();
  for (const planned of machines) {
    for (const [index, { dataBytes }] of planned.disks.entries()) {
      const name = nameOf(planned, index);
      sums.set(name, (sums.get(name) ?? 0) + dataBytes / MIB);
    }
  }
  return sums;
}

const sourceOf = ({ machine }: PlannedMachine, disk: number) =>
  machine.placement.host ?? `in ${machine.disks[disk]?.datastore}`;
const storageOf = ({ disks }: PlannedMachine, disk: number) => disks[disk]?.storage ?? '';

describe('an estimate', () => {
  it('is never faster than any resource allows, nor slower than one machine after the other', () => {
    fc.assert(
      fc.property(MACHINES, RATES, LIMITS, (machines, rates, limits) => {
        const { seconds, bytes } = estimatePlan(oneWave(machines, { rates, limits }));
        expect(bytes).toBe(mibOf(machines) * MIB);
        const alone = machines.map((planned) => {
          const own = [planned];
          return (
            rates.secondsPerMachine +
            Math.max(
              mibOf(own) / rates.networkMiBps,
              mibOf(own) / (rates.threadMiBps * limits.threads),
              ...[...mibBy(own, sourceOf).values()].map((mib) => mib / rates.sourceMiBps),
              ...[...mibBy(own, storageOf).values()].map((mib) => mib / rates.targetMiBps),
            )
          );
        });
        const bounds = [
          mibOf(machines) / rates.networkMiBps,
          mibOf(machines) / (rates.threadMiBps * limits.threads),
          ...[...mibBy(machines, sourceOf).values()].map((mib) => mib / rates.sourceMiBps),
          ...[...mibBy(machines, storageOf).values()].map((mib) => mib / rates.targetMiBps),
          (machines.length * rates.secondsPerMachine) / limits.machinesAtOnce,
          ...alone,
        ];
        expect(seconds).toBeGreaterThanOrEqual(Math.max(0, ...bounds) * (1 - 1e-6));
        expect(seconds).toBeLessThanOrEqual(alone.reduce((sum, own) => sum + own, 0) * (1 + 1e-6) + 1e-6);
      }),
    );
  });

  it('keeps to every limit at every moment, and moves every machine', () => {
    fc.assert(
      fc.property(MACHINES, RATES, LIMITS, (machines, rates, limits) => {
        const estimate = estimatePlan(oneWave(machines, { rates, limits }));
        expect(estimate.machines).toHaveLength(machines.length);
        const spans = estimate.machines.map(({ startSeconds, seconds }, index) => ({
          planned: machines[index],
          from: startSeconds,
          to: startSeconds + seconds,
        }));
        for (const { from } of spans) {
          const running = spans.filter((span) => span.from <= from && from < span.to - 1e-6);
          expect(running.length).toBeLessThanOrEqual(limits.machinesAtOnce);
          for (const host of ['h1', 'h2']) {
            const there = running.filter(({ planned }) => planned?.machine.placement.host === host);
            expect(there.length).toBeLessThanOrEqual(limits.machinesPerHost);
          }
          for (const name of ['ds1', 'ds2', 'ds3']) {
            const there = running.filter(({ planned }) =>
              planned?.machine.disks.some(({ datastore }) => datastore === name),
            );
            expect(there.length).toBeLessThanOrEqual(
              limits.byName.datastores[name] ?? limits.machinesPerDatastore,
            );
          }
          for (const name of ['sr1', 'sr2']) {
            const there = running.filter(({ planned }) =>
              planned?.disks.some(({ storage }) => storage === name),
            );
            const limit =
              limits.byName.storage[name] ?? limits.machinesPerStorage ?? Number.POSITIVE_INFINITY;
            expect(there.length).toBeLessThanOrEqual(limit);
          }
        }
      }),
    );
  });

  it('stays a number for disks of a byte beside disks no file system holds', () => {
    const mib = fc.constantFrom(0, 1 / MIB, 1, 2 ** 33);
    const disk = fc.record({ mib, datastore: fc.constantFrom('ds1', 'ds2'), storage: fc.constant('sr1') });
    const MIB_PER_SECOND = fc.constantFrom(0.001, 1, 1e9);
    const EXTREME_RATES = fc.record({
      sourceMiBps: MIB_PER_SECOND,
      networkMiBps: MIB_PER_SECOND,
      threadMiBps: MIB_PER_SECOND,
      targetMiBps: MIB_PER_SECOND,
      secondsPerMachine: fc.constantFrom(0, 1e6),
    });
    fc.assert(
      fc.property(
        fc.array(fc.array(disk, { maxLength: 4 }), { maxLength: 8 }),
        EXTREME_RATES,
        LIMITS,
        (all, rates, limits) => {
          const machines = all.map((disks, index) => moved(`m${index}`, null, disks));
          const { seconds, machines: spans } = estimatePlan(oneWave(machines, { rates, limits }));
          for (const value of [seconds, ...spans.flatMap((span) => [span.startSeconds, span.seconds])]) {
            expect(value).toBeGreaterThanOrEqual(0);
            expect(value).toBeLessThan(Number.POSITIVE_INFINITY);
          }
        },
      ),
    );
  });

  it('is the same each time', () => {
    fc.assert(
      fc.property(MACHINES, RATES, LIMITS, (machines, rates, limits) => {
        const input = oneWave(machines, { rates, limits });
        expect(estimatePlan(input)).toEqual(estimatePlan(input));
      }),
      { numRuns: 20 },
    );
  });

  it('takes at most two steps a machine', () => {
    fc.assert(
      fc.property(MACHINES, RATES, LIMITS, (machines, rates, limits) => {
        const model = new TransferModel(rates, limits);
        const transfers = machines.map((planned) => model.transferOf(planned));
        const { events } = simulateWave(transfers, { ...limits, ...rates, resources: model.resources });
        expect(events).toBeLessThanOrEqual(2 * machines.length);
      }),
    );
  });
});

describe('fair shares', () => {
  const USES = fc.uniqueArray(
    fc.record({ resource: fc.integer({ min: 0, max: 4 }), share: fc.constantFrom(0.25, 0.5, 1) }),
    { minLength: 1, selector: ({ resource }) => resource },
  );
  const FLOW = fc.record({ uses: USES, count: few, rate: fc.constant(0), heldBy: fc.constant(0) });

  // What defines max-min fairness: nobody can have more without taking it from one who has no more.
  it('use nothing beyond its capacity, and hold each flow back where none has more', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 5, maxLength: 5 }),
        fc.array(FLOW, { minLength: 1, maxLength: 8 }),
        (capacities, flows: Flow[]) => {
          const shares = new FairShares(capacities.map((capacity) => ({ kind: 'source', capacity })));
          shares.share(flows);
          const used = capacities.map((_, at) =>
            flows.reduce(
              (sum, { uses, count, rate }) =>
                sum + count * rate * (uses.find(({ resource }) => resource === at)?.share ?? 0),
              0,
            ),
          );
          for (const [at, capacity] of capacities.entries()) {
            expect(used[at]).toBeLessThanOrEqual(capacity * (1 + 1e-9));
          }
          for (const flow of flows) {
            expect(used[flow.heldBy]).toBeCloseTo(capacities[flow.heldBy] ?? 0, 6);
            expect(shares.isUsedUp(flow.heldBy)).toBe(true);
            const rivals = flows.filter(({ uses }) => uses.some(({ resource }) => resource === flow.heldBy));
            expect(flow.rate).toBeGreaterThanOrEqual(
              Math.max(...rivals.map(({ rate }) => rate)) * (1 - 1e-9),
            );
          }
        },
      ),
    );
  });
});

describe('the queue', () => {
  it('starts the first in order that may, as looking at all of them does', () => {
    const SLOTS = fc.subarray(['h1', 'h2', 'd1', 'd2', 'd3']);
    fc.assert(
      fc.property(
        fc.array(SLOTS, { maxLength: 30 }),
        few,
        few,
        fc.infiniteStream(fc.nat()),
        (all, atOnce, limit, luck) => {
          const queue = new StartQueue(
            all.map((names) => names.map((name) => ({ name, limit }))),
            atOnce,
          );
          const waiting = all.map((_, machine) => machine);
          const running: number[] = [];
          const mayStart = (machine: number) =>
            running.length < atOnce &&
            (all[machine] ?? []).every(
              (name) => running.filter((other) => all[other]?.includes(name)).length < limit,
            );
          while (waiting.length + running.length > 0) {
            const next = queue.next();
            expect(next).toBe(waiting.find(mayStart) ?? null);
            if (next === null) {
              const [ended] = running.splice((luck.next().value ?? 0) % running.length, 1);
              if (ended !== undefined) queue.end(ended);
            } else {
              waiting.splice(waiting.indexOf(next), 1);
              running.push(next);
            }
          }
        },
      ),
    );
  });
});
