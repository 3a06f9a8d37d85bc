import { SECTOR_BYTES } from '../../../src/model/units.js';
import type { Random } from '../random.js';
import type { Mutation } from '../targets/target.js';
import { someLength } from './fields.js';

/** Files grow to this at most: an input of its own size is not what is looked for. */
const MAX_BYTES = 8 * 1024 * 1024;

export const truncate: Mutation = (bytes, { random }) => {
  const cut = random.chance(0.5) ? someLength(random, bytes.length) : random.below(bytes.length + 1);
  const length = Math.max(0, bytes.length - cut);
  return Buffer.from(bytes.subarray(0, random.chance(0.5) ? wholeSectors(length) : length));
};

export const extend: Mutation = (bytes, { random }) => {
  const length = someLength(random, 65_536);
  const more = random.chance(0.5) ? Buffer.alloc(length) : bytes.subarray(-length);
  return bounded(Buffer.concat([bytes, more]), bytes);
};

export const removePiece: Mutation = (bytes, { random }) => {
  const { start, end } = pickPiece(bytes, random);
  return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
};

export const duplicatePiece: Mutation = (bytes, { random }) => {
  const { start, end } = pickPiece(bytes, random);
  const at = random.chance(0.5) ? end : wholeSectors(random.below(bytes.length + 1));
  return bounded(
    Buffer.concat([bytes.subarray(0, at), bytes.subarray(start, end), bytes.subarray(at)]),
    bytes,
  );
};

/** Puts a piece over another place of the same length: tables over tables, headers over grains. */
export const overwritePiece: Mutation = (bytes, { random }) => {
  const copy = Buffer.from(bytes);
  const { start, end } = pickPiece(bytes, random);
  bytes.copy(copy, wholeSectors(random.below(bytes.length + 1)), start, end);
  return copy;
};

export const fillPiece: Mutation = (bytes, { random }) => {
  const { start, end } = pickPiece(bytes, random);
  return Buffer.from(bytes).fill(random.pick([0, 1, 0xff, random.below(256)]), start, end);
};

/** The beginning of one file and the end of another, or a piece of another in the middle. */
export const splice: Mutation = (bytes, { random, donors }) => {
  const donor = random.pick(donors);
  const { start, end } = pickPiece(donor, random);
  const at = wholeSectors(random.below(bytes.length + 1));
  const rest = random.chance(0.5) ? bytes.subarray(at + end - start) : donor.subarray(end);
  return bounded(Buffer.concat([bytes.subarray(0, at), donor.subarray(start, end), rest]), bytes);
};

export const junk: Mutation = (bytes, { random }) => {
  const copy = Buffer.from(bytes);
  random.bytes(someLength(random, 64)).copy(copy, random.below(bytes.length + 1));
  return copy;
};

/** Whole sectors mostly, because that is what tables and grains are made of. */
function pickPiece(bytes: Buffer, random: Random): { start: number; end: number } {
  const start = random.below(bytes.length + 1);
  const end = Math.min(bytes.length, start + someLength(random, bytes.length));
  return random.chance(0.3) ? { start, end } : { start: wholeSectors(start), end: nextSector(end, bytes) };
}

function wholeSectors(offset: number): number {
  return Math.floor(offset / SECTOR_BYTES) * SECTOR_BYTES;
}

function nextSector(offset: number, { length }: Buffer): number {
  return Math.min(length, Math.ceil(offset / SECTOR_BYTES) * SECTOR_BYTES);
}

function bounded(result: Buffer, original: Buffer): Buffer {
  return result.length <= MAX_BYTES ? result : Buffer.from(original);
}
