import type { PlannedMachine } from '../../src/model/plan.js';
import { GIB, MIB } from '../../src/model/units.js';
import { UNKNOWN_PLACEMENT } from '../../src/model/virtual-machine.js';
import {
  DEFAULT_RATES,
  type EstimateInput,
  estimatePlan,
  limitsOf,
} from '../../src/planning/estimate/index.js';
import { testDisk, testMachine, testPlanned } from '../support/machines.js';
import { median } from './measure.js';

const ROUNDS = 7;
const SIZES = [1_000, 10_000];
const AT_ONCE = 16;

/** Prints how long it takes to estimate estates of two sizes, medians, and what the process took at most so far. */
export function benchPlanning(): void {
  const times = SIZES.map((size) => {
    const input = estateOf(size);
    const seconds = median(Array.from({ length: ROUNDS }, () => secondsOf(() => estimatePlan(input))));
    const peakMiB = process.resourceUsage().maxRSS / 1024;
    console.log(`estimate of ${size} machines: ${seconds.toFixed(3)} s, peak ${peakMiB.toFixed(0)} MiB`);
    return seconds;
  });
  const [small = Number.NaN, large = Number.NaN] = times;
  console.log(`ten times the machines take ${(large / small).toFixed(1)} times as long`);
}

function secondsOf(work: () => unknown): number {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start) / 1e9;
}

/** Hosts of twenty machines each, datastores of forty; all in one wave, as without a migration file. */
function estateOf(size: number): EstimateInput {
  const machines = Array.from({ length: size }, (_, index) => machine(index));
  const waves = [{ name: 'all', machineIds: machines.map((planned) => planned.machine.id), window: null }];
  const limits = limitsOf({}, AT_ONCE);
  return { machines, waves, rates: DEFAULT_RATES, limits, start: null, target: undefined };
}

/** One to three disks on neighbouring datastores, of sizes that repeat in no simple order. */
function machine(index: number): PlannedMachine {
  const disks = Array.from({ length: 1 + (index % 3) }, (_, disk) =>
    testDisk({
      capacityBytes: (20 + ((index * 37 + disk * 11) % 180)) * GIB,
      datastore: `datastore${Math.floor(index / 40) + (disk % 2)}`,
    }),
  );
  const planned = testPlanned(
    testMachine({
      name: `vm${index}`,
      placement: { ...UNKNOWN_PLACEMENT, host: `esx${Math.floor(index / 20)}` },
      disks,
    }),
  );
  const data = (at: number) => ((index * 53 + at * 17) % 9000) * MIB;
  return {
    ...planned,
    disks: planned.disks.map((disk, at) => ({
      ...disk,
      dataBytes: data(at),
      storage: `sr${(index + at) % 4}`,
    })),
  };
}
