import { Kernels } from '../../../src/kernels/index.js';

const SOURCE_BYTES = 256 * 1024;
const TARGET_BYTES = 256 * 1024;
const GUARD_BYTES = 64;
const GUARD = 0xa5;

export const kernels = Kernels.load({ bytes: SOURCE_BYTES + TARGET_BYTES + 64 * 1024 });
const source = kernels.allocate(SOURCE_BYTES);
const target = kernels.allocate(TARGET_BYTES);

/** A copy of `bytes` in the kernels' memory, `offset` bytes off a page; the next copy takes its place. */
export function place(bytes: Uint8Array, offset = 0): Buffer {
  source.set(bytes, offset);
  return source.subarray(offset, offset + bytes.length);
}

/**
 * What the kernels make of the first `length` bytes of a stream for a target of `expected` bytes; throws when
 * they write outside it.
 */
export function inflate(stream: Uint8Array, expected: number, length = stream.length): Buffer | null {
  target.fill(GUARD, 0, expected + 2 * GUARD_BYTES);
  const produced = kernels.inflate(place(stream), 0, length, target, GUARD_BYTES, expected);
  for (let at = 0; at < GUARD_BYTES; at++) {
    if (target[at] !== GUARD || target[GUARD_BYTES + expected + at] !== GUARD) {
      throw new Error(`a write ${at} bytes outside the target`);
    }
  }
  return produced === null ? null : Buffer.from(target.subarray(GUARD_BYTES, GUARD_BYTES + produced));
}
