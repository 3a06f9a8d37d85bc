import { benchDisk } from './disk.js';
import { benchGuests } from './guests.js';
import { benchInventoryVsphere } from './inventory-vsphere.js';
import { benchKernels } from './kernels.js';
import { benchPlanning } from './planning.js';
import { benchPool } from './pool.js';
import { benchService } from './service.js';

const BENCHMARKS: Readonly<Record<string, (only: readonly string[]) => void | Promise<void>>> = {
  disk: benchDisk,
  guests: benchGuests,
  'inventory-vsphere': benchInventoryVsphere,
  kernels: benchKernels,
  planning: benchPlanning,
  pool: benchPool,
  service: benchService,
};

const [name = '', ...only] = process.argv.slice(2);
const run = BENCHMARKS[name];
if (run === undefined) {
  console.error(`usage: npm run bench -- ${Object.keys(BENCHMARKS).join('|')} [CASE..]`);
  process.exitCode = 2;
} else {
  await run(only);
}
