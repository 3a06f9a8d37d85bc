import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  INFLATE_SLACK,
  publicInflater,
  reusedStreamInflater,
} from '../../../src/disk-image/grain-inflater.js';

const reused = reusedStreamInflater();
const SIZE = 4096;
const grain = fc.oneof(
  fc.uint8Array({ minLength: SIZE, maxLength: SIZE }),
  fc.integer({ min: 0, max: 255 }).map((byte) => new Uint8Array(SIZE).fill(byte)),
);

function inflate(inflater: typeof publicInflater, source: Buffer, expected = SIZE): Buffer | null {
  const target = Buffer.alloc(SIZE + INFLATE_SLACK);
  const produced = inflater.inflate(source, 0, source.length, target, 0, expected);
  return produced === null ? null : target.subarray(0, produced);
}

describe('the inflater that reuses a stream', () => {
  it('exists on this Node', () => {
    expect(reused).not.toBeNull();
  });

  it.skipIf(reused === null)('says the same as the public one of every grain, whole, damaged or cut', () => {
    if (reused === null) return;
    fc.assert(
      fc.property(grain, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat(8), (content, at, value, cut) => {
        const source = deflateSync(content);
        const damaged = Buffer.from(source.subarray(0, source.length - cut));
        damaged[at % damaged.length] = value;
        for (const input of [source, damaged]) {
          const [a, b] = [inflate(reused, input), inflate(publicInflater, input)];
          expect(a === null ? null : Buffer.compare(a, b ?? Buffer.alloc(0))).toBe(b === null ? null : 0);
        }
      }),
    );
  });

  it.skipIf(reused === null)('refuses a stream that is longer than its grain', () => {
    if (reused === null) return;
    expect(inflate(reused, deflateSync(Buffer.alloc(SIZE)), SIZE - 1)).toBeNull();
    expect(inflate(publicInflater, deflateSync(Buffer.alloc(SIZE)), SIZE - 1)).toBeNull();
  });
});
