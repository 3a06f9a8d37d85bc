import { benchDisk } from './disk.js';

const BENCHMARKS: Readonly<Record<string, () => void>> = { disk: benchDisk };

const [name = ''] = process.argv.slice(2);
const run = BENCHMARKS[name];
if (run === undefined) {
  console.error(`usage: npm run bench -- ${Object.keys(BENCHMARKS).join('|')}`);
  process.exitCode = 2;
} else {
  run();
}
