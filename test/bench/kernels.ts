import xxhash from 'xxhash-wasm';
import { reusedStreamInflater } from '../../src/disk-image/grain-inflater.js';
import { Kernels } from '../../src/kernels/index.js';
import { BLOCK_BYTES, MIB } from '../../src/model/units.js';
import { guestVmdk } from './guest-disk.js';
import { median } from './measure.js';
import { GRAIN_BYTES, readGrains, SAMPLE_BYTES } from './sample-grains.js';

const ROUNDS = 15;
const BLOCKS = 64;

/** The kernels against what they stand for: zlib's handle, xxhash-wasm and `Buffer.equals`, in turn. */
export async function benchKernels(): Promise<void> {
  const kernels = Kernels.load({ bytes: SAMPLE_BYTES + BLOCK_BYTES + MIB });
  const source = kernels.allocate(SAMPLE_BYTES);
  const block = kernels.allocate(BLOCK_BYTES);
  benchInflate(kernels, source, block);
  await benchHash(kernels, block);
  benchZero(kernels, block);
}

function benchInflate(kernels: Kernels, source: Buffer, target: Buffer): void {
  const zlib = reusedStreamInflater();
  if (zlib === null) throw new Error('this Node has no zlib handle to compare with');
  const grains = readGrains(guestVmdk('streamOptimized'), source);
  const ordinary = Buffer.from(source);
  const room = Buffer.alloc(GRAIN_BYTES + 16);
  for (const { from, length } of grains) {
    const produced = kernels.inflate(source, from, length, target, 0, GRAIN_BYTES);
    if (
      produced !== zlib.inflate(ordinary, from, length, room, 0, GRAIN_BYTES) ||
      target.compare(room, 0, produced ?? 0, 0, produced ?? 0) !== 0
    ) {
      throw new Error(`the kernels and zlib differ about the grain at ${from} of the sample`);
    }
  }
  compare(`inflate, ${grains.length} grains`, grains.length * GRAIN_BYTES, [
    [
      'zlib handle',
      () => {
        for (const { from, length } of grains) zlib.inflate(ordinary, from, length, room, 0, GRAIN_BYTES);
      },
    ],
    [
      'kernels',
      () => {
        for (const { from, length } of grains) kernels.inflate(source, from, length, target, 0, GRAIN_BYTES);
      },
    ],
  ]);
}

async function benchHash(kernels: Kernels, block: Buffer): Promise<void> {
  const { h64Raw } = await xxhash();
  const ordinary = Buffer.from(block);
  compare('XXH64', BLOCKS * BLOCK_BYTES, [
    ['xxhash-wasm', () => repeat(() => h64Raw(ordinary))],
    ['kernels', () => repeat(() => kernels.xxh64(block))],
  ]);
}

function benchZero(kernels: Kernels, block: Buffer): void {
  block.fill(0);
  const zeros = Buffer.alloc(BLOCK_BYTES);
  const ordinary = Buffer.alloc(BLOCK_BYTES);
  compare('zero check', BLOCKS * BLOCK_BYTES, [
    ['Buffer.equals', () => repeat(() => ordinary.equals(zeros))],
    ['kernels', () => repeat(() => kernels.isZero(block))],
  ]);
}

function repeat(work: () => unknown): void {
  for (let block = 0; block < BLOCKS; block++) work();
}

/** Runs both in turn and prints each one's MB/s by the median of its CPU time, and the second's gain. */
function compare(what: string, bytes: number, contenders: readonly (readonly [string, () => void])[]): void {
  const seconds = contenders.map((): number[] => []);
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [index, [, work]] of contenders.entries()) {
      const before = process.cpuUsage();
      work();
      const { user, system } = process.cpuUsage(before);
      if (round > 0) seconds[index]?.push((user + system) / 1e6);
    }
  }
  const speeds = seconds.map((values) => bytes / 1e6 / median(values));
  const words = contenders.map(([name], index) => `${name} ${speeds[index]?.toFixed(0)} MB/s`);
  const [peer = Number.NaN, ours = Number.NaN] = speeds;
  console.log(`${what}: ${words.join(', ')} of CPU time, ratio ${(ours / peer).toFixed(2)}`);
}
