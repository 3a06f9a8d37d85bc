import { execFileSync } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import { Kernels } from '../../src/kernels/index.js';
import { MIB } from '../../src/model/units.js';
import { benchFile } from './guest-disk.js';
import { GRAIN_BYTES, readGrains, SAMPLE_BYTES } from './sample-grains.js';

/** Seconds that the disk alone needs to take in a file's bytes, by `dd` past the page cache. */
export function diskSeconds(file: string): number {
  const scratch = benchFile('dd.scratch');
  rmSync(scratch, { force: true });
  const count = Math.ceil(statSync(file).blocks / (2 * 2048));
  const start = process.hrtime.bigint();
  execFileSync(
    'dd',
    ['if=/dev/zero', `of=${scratch}`, 'bs=2M', `count=${count}`, 'oflag=direct', 'conv=fsync'],
    { stdio: 'ignore' },
  );
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  rmSync(scratch);
  return seconds;
}

/** Bytes a second that one thread inflates, of samples of a streamOptimized VMDK; only the inflating is timed. */
export function inflateRate(vmdk: string): number {
  const kernels = Kernels.load({ bytes: SAMPLE_BYTES + GRAIN_BYTES + MIB });
  const source = kernels.allocate(SAMPLE_BYTES);
  const target = kernels.allocate(GRAIN_BYTES);
  const grains = readGrains(vmdk, source);
  const inflate = () => {
    for (const { from, length } of grains) kernels.inflate(source, from, length, target, 0, GRAIN_BYTES);
  };
  // Twice to warm up: the second run is compiled code.
  inflate();
  const start = process.hrtime.bigint();
  inflate();
  inflate();
  return (2 * grains.length * GRAIN_BYTES) / (Number(process.hrtime.bigint() - start) / 1e9);
}
