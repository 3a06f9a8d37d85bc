import { execFileSync } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { benchFile, guestVmdk } from './guest-disk.js';
import { type Cost, measure, median } from './measure.js';

const ROUNDS = 5;
const WORKERS = '2';

interface Contender {
  readonly name: string;
  readonly output: string;
  readonly command: (output: string) => readonly string[];
}

/** Our conversion of one streamOptimized disk into a dynamic VHD against qemu-img's, in turn. */
export function benchDisk(): void {
  const vmdk = guestVmdk('streamOptimized');
  const cli = resolve('dist/xenferry.js');
  const contenders: readonly Contender[] = [
    {
      name: 'qemu-img convert',
      output: benchFile('qemu.vhd'),
      command: (output) => [
        'qemu-img',
        'convert',
        '-O',
        'vpc',
        '-o',
        'subformat=dynamic,force_size=on',
        vmdk,
        output,
      ],
    },
    {
      name: `xenferry convert --workers ${WORKERS}`,
      output: benchFile('ours.vhd'),
      command: (output) => [process.execPath, cli, 'convert', vmdk, output, '--workers', WORKERS],
    },
  ];
  const costs = contenders.map((): Cost[] => []);
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [index, { name, output, command }] of contenders.entries()) {
      rmSync(output, { force: true });
      execFileSync('sync');
      const cost = measure(command(output));
      const counted = round > 0;
      if (counted) costs[index]?.push(cost);
      console.error(`${counted ? `round ${round}` : 'warm-up'}  ${name}: ${describe(cost)}`);
    }
  }
  const [peer = [], ours = []] = costs;
  execFileSync('qemu-img', ['compare', ...contenders.map(({ output }) => output)]);
  console.log(
    `\n${vmdk}: ${(statSync(vmdk).size / 1e9).toFixed(2)} GB, medians of ${ROUNDS} alternating runs, outputs identical`,
  );
  console.log(`qemu-img  ${describe(medianCost(peer))}`);
  console.log(`xenferry  ${describe(medianCost(ours))}`);
  console.log(
    `ratios    wall ${ratio(peer, ours, 'wallSeconds')} times less, CPU ${ratio(peer, ours, 'cpuSeconds')} times less`,
  );
}

function medianCost(costs: readonly Cost[]): Cost {
  return {
    wallSeconds: median(costs.map(({ wallSeconds }) => wallSeconds)),
    cpuSeconds: median(costs.map(({ cpuSeconds }) => cpuSeconds)),
    peakMiB: median(costs.map(({ peakMiB }) => peakMiB)),
  };
}

function ratio(peer: readonly Cost[], ours: readonly Cost[], what: 'wallSeconds' | 'cpuSeconds'): string {
  return (medianCost(peer)[what] / medianCost(ours)[what]).toFixed(2);
}

function describe({ wallSeconds, cpuSeconds, peakMiB }: Cost): string {
  return `${wallSeconds.toFixed(2)} s wall, ${cpuSeconds.toFixed(2)} s CPU, ${peakMiB.toFixed(0)} MiB peak`;
}
