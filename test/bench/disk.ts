import { execFileSync } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import { type Contender, DISK_CASES, type DiskCase } from './disk-cases.js';
import { guestVmdk } from './guest-disk.js';
import { diskSeconds, inflateRate } from './limits.js';
import { type Cost, measure, median } from './measure.js';

const ROUNDS = Number(process.env.XENFERRY_BENCH_ROUNDS ?? 5);
const VHD_BLOCK_BYTES = 2 * 1024 * 1024;

/**
 * Our conversions to VHD against qemu-img's, in alternating runs, and against what inflating and the disk allow;
 * rows of a table in Markdown. `only` names cases; none means all.
 */
export function benchDisk(only: readonly string[]): void {
  const names = only.length === 0 ? Object.keys(DISK_CASES) : only;
  const rate = inflateRate(guestVmdk('streamOptimized'));
  console.log(`inflating: ${(rate / 1e6).toFixed(0)} MB/s a thread; medians of ${ROUNDS} alternating runs\n`);
  console.log('| disk | tool | wall s | CPU s | peak MiB | wall ratio | CPU ratio | share of the limit |');
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const name of names) {
    const found = DISK_CASES[name];
    if (found === undefined) throw new Error(`no case ${name}: ${Object.keys(DISK_CASES).join(', ')}`);
    benchCase(found, rate);
  }
}

function benchCase({ title, contenders: open, compressed }: DiskCase, rate: number): void {
  const contenders = open();
  const costs = alternate(contenders);
  sameContent(contenders);
  const peer = medianCost(costs[0] ?? []);
  for (const [index, { name, output }] of contenders.entries()) {
    const cost = medianCost(costs[index] ?? []);
    const workers = Number(/(\d) worker/.exec(name)?.[1] ?? 0);
    const limit = workers === 0 ? Number.NaN : limitSeconds(output, compressed ? rate * workers : Infinity);
    const cells = [
      index === 0 ? title : '',
      name,
      cost.wallSeconds.toFixed(2),
      cost.cpuSeconds.toFixed(2),
      cost.peakMiB.toFixed(0),
      (peer.wallSeconds / cost.wallSeconds).toFixed(2),
      (peer.cpuSeconds / cost.cpuSeconds).toFixed(2),
      Number.isNaN(limit) ? '' : `${((100 * limit) / cost.wallSeconds).toFixed(0)} %`,
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

/** The first round warms up and does not count. */
function alternate(contenders: readonly Contender[]): Cost[][] {
  const costs = contenders.map((): Cost[] => []);
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [index, { name, output, command }] of contenders.entries()) {
      rmSync(output, { force: true });
      execFileSync('sync');
      const cost = measure(command);
      if (round > 0) costs[index]?.push(cost);
      const { wallSeconds, cpuSeconds, peakMiB } = cost;
      console.error(
        `round ${round}  ${name}: ${wallSeconds.toFixed(2)} s wall, ${cpuSeconds.toFixed(2)} s CPU, ${peakMiB.toFixed(0)} MiB`,
      );
    }
  }
  return costs;
}

function sameContent(contenders: readonly Contender[]): void {
  const [first, ...others] = contenders.filter(({ name }) => !name.endsWith('alone'));
  for (const { output } of others) execFileSync('qemu-img', ['compare', first?.output ?? '', output]);
}

/** The least time that inflating the stored blocks, or the disk taking them in, allows. */
function limitSeconds(output: string, inflateBytesPerSecond: number): number {
  const stored = Math.floor(statSync(output).size / VHD_BLOCK_BYTES) * VHD_BLOCK_BYTES;
  return Math.max(stored / inflateBytesPerSecond, median([1, 2, 3].map(() => diskSeconds(output))));
}

function medianCost(costs: readonly Cost[]): Cost {
  return {
    wallSeconds: median(costs.map(({ wallSeconds }) => wallSeconds)),
    cpuSeconds: median(costs.map(({ cpuSeconds }) => cpuSeconds)),
    peakMiB: median(costs.map(({ peakMiB }) => peakMiB)),
  };
}
