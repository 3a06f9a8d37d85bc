import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EXIT } from '../../src/cli/exit-codes.js';
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
import { measure, median } from './measure.js';
import { rvtoolsWorkbook } from './rvtools-workbook.js';

const ROUNDS = 7;
const PLAN_ROUNDS = 3;
const SIZES = [1_000, 10_000];
const AT_ONCE = 16;

const MAIN = fileURLToPath(new URL('./xenferry.js', import.meta.url));

/** Prints what whole plans of two sizes take, from RVTools' workbook to CSV, and the estimate in them by itself. */
export function benchPlanning(): void {
  printRatio('plan', SIZES.map(planSeconds));
  printRatio('estimate', SIZES.map(estimateSeconds));
}

function printRatio(what: string, [small = Number.NaN, large = Number.NaN]: readonly number[]): void {
  console.log(`${what}: ten times the machines take ${(large / small).toFixed(1)} times as long`);
}

/** Of the whole command. */
function planSeconds(size: number): number {
  const folder = mkdtempSync(join(tmpdir(), 'xenferry-bench-'));
  try {
    const workbook = join(folder, 'rvtools.xlsx');
    writeFileSync(workbook, rvtoolsWorkbook(size));
    const command = ['node', MAIN, 'plan', workbook, '--format', 'csv', '-o', join(folder, 'plan.csv')];
    const costs = Array.from({ length: PLAN_ROUNDS }, () => measure(command, [0, EXIT.planBlocked]));
    const seconds = median(costs.map(({ wallSeconds }) => wallSeconds));
    const peakMiB = Math.max(...costs.map((cost) => cost.peakMiB));
    console.log(`plan of ${size} machines: ${seconds.toFixed(2)} s, peak ${peakMiB.toFixed(0)} MiB`);
    return seconds;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function estimateSeconds(size: number): number {
  const input = estateOf(size);
  const seconds = median(Array.from({ length: ROUNDS }, () => secondsOf(() => estimatePlan(input))));
  console.log(`estimate of ${size} machines: ${seconds.toFixed(3)} s`);
  return seconds;
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
  return { machines, waves, rates: DEFAULT_RATES, limits, start: null, blackOuts: [], target: undefined };
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
