import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import xxhash from 'xxhash-wasm';
import { Kernels } from '../../../src/kernels/index.js';
import { kernels, place } from './kernel-memory.js';

const { h64Raw } = await xxhash();

describe('XXH64', () => {
  it('is what xxhash-wasm says, at every short length and alignment', () => {
    const bytes = randomBytes(208);
    for (let length = 0; length <= 200; length++) {
      for (const offset of [0, 1, 3, 8]) {
        const part = bytes.subarray(offset, offset + length);
        expect(kernels.xxh64(place(part, offset))).toBe(h64Raw(part));
      }
    }
  });

  it('is what xxhash-wasm says of long ones', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200_000 }), (length) => {
        const bytes = randomBytes(length);
        expect(kernels.xxh64(place(bytes))).toBe(h64Raw(bytes));
      }),
    );
  });
});

describe('the zero check', () => {
  it('sees a single bit anywhere, and nothing outside', () => {
    for (let length = 0; length <= 400; length++) {
      place(Buffer.alloc(length + 40, 0xff));
      const bytes = place(Buffer.alloc(length), 20);
      expect(kernels.isZero(bytes)).toBe(true);
      for (let at = 0; at < length; at++) {
        bytes[at] = 1 << (at % 8);
        expect(kernels.isZero(bytes)).toBe(false);
        bytes[at] = 0;
      }
    }
  });
});

describe('the memory of the kernels', () => {
  it('is handed out on page boundaries and in zeros', () => {
    const fresh = Kernels.load({ bytes: 65_536 });
    const buffers = [fresh.allocate(10), fresh.allocate(4096), fresh.allocate(1, 64), fresh.allocate(1, 64)];
    expect(buffers.map(({ byteOffset }) => byteOffset % 4096)).toEqual([0, 0, 0, 64]);
    expect(buffers.every((buffer) => fresh.isZero(buffer))).toBe(true);
    expect(buffers.every((buffer) => fresh.owns(buffer) && !kernels.owns(buffer))).toBe(true);
    expect(fresh.owns(Buffer.alloc(1))).toBe(false);
  });

  it('is not handed out twice, and ends', () => {
    const fresh = Kernels.load({ bytes: 65_536 });
    expect(fresh.allocate(65_536)).toHaveLength(65_536);
    expect(() => fresh.allocate(1)).toThrow(RangeError);
  });
});
