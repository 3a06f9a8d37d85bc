/**
 * Decoding table entries. A table is indexed with the next bits of the input; an entry says what they mean.
 *
 * Both kinds: bits 0-5 are the number of bits to drop, extra bits included. An entry with EXCEPTIONAL holds
 * no symbol; with SUBTABLE besides, bits 8-23 are the subtable's first entry and bits 25-28 its index bits.
 *
 * Literal/length entries hold up to two symbols: bits 6-7 count the literals, bits 8-15 are the first,
 * bits 16-23 the second. With NOT_ONLY_LITERALS a length follows the literals: bits 16-24 are its base and
 * bits 25-28 the bits before its extra bits, plus two; or with EXCEPTIONAL, the end of the block or an
 * invalid code.
 *
 * Distance entries: bits 16-30 are the base, bits 8-12 the bits before the extra bits, plus two. The two are
 * for the bit buffer of the fast loop, which stands two bits higher.
 */
export const NOT_ONLY_LITERALS: u32 = 0x8000_0000;
const EXCEPTIONAL: u32 = 0xc000_0000;
export const EXCEPTIONAL_BIT: u32 = 0x4000_0000;
export const SUBTABLE_BIT: u32 = 0x2000_0000;
export const SUBTABLE: u32 = EXCEPTIONAL | SUBTABLE_BIT;
const END_OF_BLOCK: u32 = EXCEPTIONAL;
export const INVALID: u32 = EXCEPTIONAL | 0x1_0000;
export const INVALID_BIT: u32 = 0x1_0000;

/** What one bit of a code's length adds to its entry: one to drop, one before the extra bits. */
export const LITERAL_LENGTH_UNIT: u32 = 1 | (1 << 25);
export const DISTANCE_UNIT: u32 = 1 | (1 << 8);

/** What the extra bits' place is counted from. */
const BUFFER_SHIFT: u32 = 2;
const LITERAL_COUNT_ONE: u32 = 1 << 6;

export const LITERAL_LENGTH_SYMBOLS: i32 = 288;
export const DISTANCE_SYMBOLS: i32 = 32;
const END_SYMBOL: i32 = 256;
const LENGTH_SYMBOLS: i32 = 29;

/** Each symbol's entry (u32) short of its code's length. */
export const LITERAL_LENGTH_ENTRIES = memory.data(288 * 4, 16);
export const DISTANCE_ENTRIES = memory.data(32 * 4, 16);

/** RFC 1951, section 3.2.5: lengths of symbols 257-285 and distances of symbols 0-29, their extra bits. */
const LENGTH_BASES = memory.data<u16>([
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
  227, 258,
]);
const LENGTH_EXTRA_BITS = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
]);
const LAST_DISTANCE_SYMBOL: u32 = 29;

fillLiteralLengthEntries();
fillDistanceEntries();

function fillLiteralLengthEntries(): void {
  for (let symbol: i32 = 0; symbol < LITERAL_LENGTH_SYMBOLS; symbol++) {
    store<u32>(LITERAL_LENGTH_ENTRIES + (symbol << 2), literalLengthEntry(symbol));
  }
}

function literalLengthEntry(symbol: i32): u32 {
  if (symbol < END_SYMBOL) return (u32(symbol) << 8) | LITERAL_COUNT_ONE;
  if (symbol == END_SYMBOL) return END_OF_BLOCK;
  const index = symbol - END_SYMBOL - 1;
  if (index >= LENGTH_SYMBOLS) return INVALID;
  const base = u32(load<u16>(LENGTH_BASES + (index << 1)));
  return NOT_ONLY_LITERALS | (base << 16) | (BUFFER_SHIFT << 25) | load<u8>(LENGTH_EXTRA_BITS + index);
}

function fillDistanceEntries(): void {
  let base: u32 = 1;
  for (let symbol: u32 = 0; symbol < u32(DISTANCE_SYMBOLS); symbol++) {
    const extra: u32 = symbol < 4 ? 0 : (symbol >> 1) - 1;
    const entry = symbol > LAST_DISTANCE_SYMBOL ? INVALID : (base << 16) | (BUFFER_SHIFT << 8) | extra;
    store<u32>(DISTANCE_ENTRIES + (symbol << 2), entry);
    base += 1 << extra;
  }
}
