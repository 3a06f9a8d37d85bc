import { INVALID, SUBTABLE } from './entries';
import { BAD_CODE_LENGTHS } from './status';

/** RFC 1951, section 3.2.7: codes have 15 bits or less. */
export const MAX_CODE_BITS: i32 = 15;

/** How many codes there are of each length (u16), what `sortCodes` found last. */
export const codeCounts = memory.data(16 * 2, 16);
/** The symbols that have codes (u16), in the order of their codes. */
export const sortedSymbols = memory.data(288 * 2, 16);
const offsets = memory.data(16 * 2, 16);

/**
 * Sorts `symbols` symbols by their code lengths (u8 each, at `lengths`) as RFC 1951, section 3.2.2 numbers
 * codes. Returns the longest length, 0 when no symbol has a code, or a negative status for what zlib refuses:
 * an over-subscribed set, and an incomplete one unless it is a single code of one bit.
 */
export function sortCodes(lengths: usize, symbols: i32): i32 {
  memory.fill(codeCounts, 0, 32);
  for (let symbol = 0; symbol < symbols; symbol++) {
    const slot = codeCounts + (usize(load<u8>(lengths + symbol)) << 1);
    store<u16>(slot, load<u16>(slot) + 1);
  }
  store<u16>(codeCounts, 0);
  let longest = 0;
  let unused: i32 = 1;
  let offset: u32 = 0;
  for (let bits = 1; bits <= MAX_CODE_BITS; bits++) {
    const count = load<u16>(codeCounts + (bits << 1));
    store<u16>(offsets + (bits << 1), u16(offset));
    offset += count;
    unused = (unused << 1) - count;
    if (unused < 0) return BAD_CODE_LENGTHS;
    if (count != 0) longest = bits;
  }
  if (unused > 0 && longest > 1) return BAD_CODE_LENGTHS;
  for (let symbol = 0; symbol < symbols; symbol++) {
    const bits = usize(load<u8>(lengths + symbol));
    if (bits == 0) continue;
    const slot = offsets + (bits << 1);
    const at = usize(load<u16>(slot));
    store<u16>(sortedSymbols + (at << 1), u16(symbol));
    store<u16>(slot, u16(at + 1));
  }
  return longest;
}

/** The code behind `code` of the same length; both with their first bit lowest, as the input has them. */
export function nextReversedCode(code: u32, bits: i32): u32 {
  const last: u32 = (1 << bits) - 1;
  if (code == last) return 0;
  const carry: u32 = 1 << (31 - clz(code ^ last));
  return (code & (carry - 1)) | carry;
}

/** Writes `entry` to every slot of a table of `tableBits` index bits that begins with the code. */
export function fillSlots(table: usize, tableBits: i32, code: u32, bits: i32, entry: u32): void {
  const end = table + (4 << tableBits);
  const step: usize = 4 << bits;
  for (let slot = table + (code << 2); slot < end; slot += step) store<u32>(slot, entry);
}

/**
 * Builds the table of the codes sorted last: `rootBits` index bits, then its subtables. The entries of the
 * symbols are at `entries`; each bit of a code's length adds `unit`.
 */
export function buildTable(table: usize, rootBits: i32, longest: i32, entries: usize, unit: u32): void {
  if (longest <= 1) fillSlots(table, rootBits, 0, 0, INVALID);
  let symbol = sortedSymbols;
  let code: u32 = 0;
  for (let bits = 1; bits <= min(longest, rootBits); bits++) {
    for (let left = load<u16>(codeCounts + (bits << 1)); left > 0; left--, symbol += 2) {
      fillSlots(table, rootBits, code, bits, entryOf(entries, symbol) + bits * unit);
      code = nextReversedCode(code, bits);
    }
  }
  if (longest > rootBits) buildSubtables(table, rootBits, longest, entries, unit, symbol, code);
}

/** Adds the subtables for the codes from `symbol` on: those longer than `rootBits`, the first of them `code`. */
export function buildSubtables(
  table: usize,
  rootBits: i32,
  longest: i32,
  entries: usize,
  unit: u32,
  symbol: usize,
  firstCode: u32,
): void {
  const rootMask: u32 = (1 << rootBits) - 1;
  let code = firstCode;
  let prefix: u32 = ~0;
  let first: u32 = 1 << rootBits;
  let subtableBits = 0;
  for (let bits = rootBits + 1; bits <= longest; bits++) {
    for (let left = i32(load<u16>(codeCounts + (bits << 1))); left > 0; left--, symbol += 2) {
      if ((code & rootMask) != prefix) {
        if (prefix != ~0) first += 1 << subtableBits;
        prefix = code & rootMask;
        subtableBits = bitsOfSubtable(bits, left, rootBits, longest);
        const pointer = SUBTABLE | (subtableBits << 25) | (first << 8) | rootBits;
        store<u32>(table + (prefix << 2), pointer);
      }
      const entry = entryOf(entries, symbol) + (bits - rootBits) * unit;
      fillSlots(table + (first << 2), subtableBits, code >> rootBits, bits - rootBits, entry);
      code = nextReversedCode(code, bits);
    }
  }
}

/** Index bits for a subtable whose first code has `bits` bits; `left` codes of that length are to come. */
function bitsOfSubtable(bits: i32, left: i32, rootBits: i32, longest: i32): i32 {
  let unused = (1 << (bits - rootBits)) - left;
  while (unused > 0 && bits < longest) {
    bits++;
    unused = (unused << 1) - load<u16>(codeCounts + (bits << 1));
  }
  return bits - rootBits;
}

function entryOf(entries: usize, symbol: usize): u32 {
  return load<u32>(entries + (usize(load<u16>(symbol)) << 2));
}
