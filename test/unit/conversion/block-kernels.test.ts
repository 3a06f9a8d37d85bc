import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  type BlockKernels,
  loadBlockKernels,
  ordinaryKernels,
} from '../../../src/conversion/block-kernels.js';

const MIB = 1024 * 1024;
const ROOM = 8 * MIB;

const kinds: ReadonlyArray<readonly [string, (bytes: number) => Promise<BlockKernels>]> = [
  ['the fastest kernels', loadBlockKernels],
  ['the kernels of Node and npm alone', ordinaryKernels],
];

describe.each(kinds)('%s', (_, load) => {
  it('inflate into place, hash and see zeros', async () => {
    const kernels = await load(ROOM);
    const [source, target] = [kernels.allocate(MIB), kernels.allocate(2 * MIB)];
    const content = Buffer.alloc(65_536, 'grain ');
    const stream = deflateSync(content);
    stream.copy(source, 100);
    expect(kernels.isZero(target)).toBe(true);
    expect(kernels.inflater.inflate(source, 100, stream.length, target, 65_536, 65_536)).toBe(65_536);
    expect(target.subarray(65_536, 131_072).equals(content)).toBe(true);
    expect(kernels.isZero(target)).toBe(false);
    expect(kernels.isZero(target.subarray(0, 65_536))).toBe(true);
    // XXH64 of nothing with seed 0, from the algorithm's specification.
    expect(kernels.xxh64(target.subarray(0, 0))).toBe(0xef46_db37_51d8_e999n);
  });

  it('refuse a damaged grain', async () => {
    const kernels = await load(ROOM);
    const [source, target] = [kernels.allocate(MIB), kernels.allocate(MIB)];
    const stream = deflateSync(Buffer.alloc(65_536, 'x'));
    stream.writeUInt8(0xff, 20);
    stream.copy(source);
    expect(kernels.inflater.inflate(source, 0, stream.length, target, 0, 65_536)).toBeNull();
  });

  it('hand out memory that direct I/O takes', async () => {
    const kernels = await load(ROOM);
    const offsets = [100, 5000, 65_536].map((bytes) => kernels.allocate(bytes).byteOffset % 4096);
    expect(offsets).toEqual([0, 0, 0]);
  });
});

describe('both kinds of kernels', () => {
  it('agree on digests', async () => {
    const block = Buffer.from(Array.from({ length: 100_003 }, (_, i) => (i * i) >> 5));
    const digests = await Promise.all(
      kinds.map(async ([, load]) => {
        const kernels = await load(ROOM);
        const memory = kernels.allocate(block.length);
        block.copy(memory);
        return kernels.xxh64(memory);
      }),
    );
    expect(digests[0]).toBe(digests[1]);
  });
});
