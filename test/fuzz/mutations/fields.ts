import { SECTOR_BYTES } from '../../../src/model/units.js';
import type { Random } from '../random.js';
import type { Mutation } from '../targets/target.js';
import { pickOffset } from './places.js';

const WIDTHS = [1, 2, 4, 8] as const;

const BOUNDARIES: readonly bigint[] = [
  0n,
  1n,
  2n,
  -1n,
  -2n,
  0x7fn,
  0xffn,
  0x7fffn,
  0xffffn,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 37n,
  2n ** 37n + 1n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 63n,
];

export const flipBit: Mutation = (bytes, { random }) =>
  changed(bytes, (copy) => {
    const at = pickOffset(copy, 1, random);
    copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
  });

export const setByte: Mutation = (bytes, { random }) =>
  changed(bytes, (copy) => {
    copy[pickOffset(copy, 1, random)] = random.below(256);
  });

/** A number at the edge of what its field can hold, or of what the file has. */
export const setField: Mutation = (bytes, { random }) =>
  changed(bytes, (copy) => {
    const width = random.pick(WIDTHS);
    const values = random.chance(0.6) ? BOUNDARIES : sizesOf(bytes.length);
    writeField(copy, pickOffset(copy, width, random), width, random.pick(values), random.chance(0.3));
  });

/** A number next to the one that stands there, or a multiple of it. */
export const shiftField: Mutation = (bytes, { random }) =>
  changed(bytes, (copy) => {
    const width = random.pick(WIDTHS);
    const at = pickOffset(copy, width, random);
    const bigEndian = random.chance(0.3);
    const value = readField(copy, at, width, bigEndian);
    const near = [value + 1n, value - 1n, value * 2n, value / 2n, value << 9n, value >> 9n, -value];
    writeField(copy, at, width, random.pick(near), bigEndian);
  });

export const swapFields: Mutation = (bytes, { random }) =>
  changed(bytes, (copy) => {
    const width = random.pick(WIDTHS);
    const [a, b] = [pickOffset(copy, width, random), pickOffset(copy, width, random)];
    const first = readField(copy, a, width, false);
    writeField(copy, a, width, readField(copy, b, width, false), false);
    writeField(copy, b, width, first, false);
  });

export const copyField: Mutation = (bytes, { random }) =>
  changed(bytes, (copy) => {
    const width = random.pick(WIDTHS);
    const value = readField(copy, pickOffset(copy, width, random), width, false);
    writeField(copy, pickOffset(copy, width, random), width, value, false);
  });

function changed(bytes: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(bytes);
  if (copy.length > 0) change(copy);
  return copy;
}

/** Lengths and counts around those of a file of `length` bytes. */
function sizesOf(length: number): readonly bigint[] {
  const sectors = Math.ceil(length / SECTOR_BYTES);
  return [length, length - 1, length + 1, length - 512, sectors, sectors - 1, sectors + 1, sectors * 2].map(
    BigInt,
  );
}

type Width = (typeof WIDTHS)[number];

function readField(bytes: Buffer, at: number, width: Width, bigEndian: boolean): bigint {
  const field = Buffer.alloc(8);
  bytes.copy(field, bigEndian ? 8 - width : 0, at, Math.min(at + width, bytes.length));
  return bigEndian ? field.readBigUInt64BE() : field.readBigUInt64LE();
}

function writeField(bytes: Buffer, at: number, width: Width, value: bigint, bigEndian: boolean): void {
  const field = Buffer.alloc(8);
  const unsigned = BigInt.asUintN(8 * width, value);
  if (bigEndian) field.writeBigUInt64BE(unsigned);
  else field.writeBigUInt64LE(unsigned);
  const start = bigEndian ? 8 - width : 0;
  field.copy(bytes, at, start, start + Math.min(width, bytes.length - at));
}

/** A random number of bytes, small ones more often. */
export function someLength(random: Random, most: number): number {
  return 1 + random.below(Math.max(1, Math.min(most, 2 ** (1 + random.below(16)))));
}
