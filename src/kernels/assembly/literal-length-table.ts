import { LITERAL_LENGTH_ENTRIES, LITERAL_LENGTH_UNIT, INVALID, NOT_ONLY_LITERALS } from './entries';
import { buildSubtables, codeCounts, fillSlots, nextReversedCode, sortedSymbols } from './huffman';

export const LITERAL_LENGTH_BITS: i32 = 12;
/** A complete code of 288 has at most 144 subtables, and each has 15 - LITERAL_LENGTH_BITS index bits or less. */
export const literalLengthTable = memory.data(((1 << 12) + 144 * 8) * 4, 64);

/**
 * Tables of single symbols for each number of index bits, the one of n bits from entry 2^n on. A slot whose
 * bits do not hold a whole code is 0; literals stand where a second literal stands.
 */
const singles = memory.data(4 << 12, 64);

/**
 * Builds the literal/length table of the codes sorted last. The bits that a literal leaves of an index are
 * looked up at once: where they hold a second code, its entry is added, so one look-up gives both symbols.
 */
export function buildLiteralLengthTable(longest: i32): void {
  buildSingles(longest);
  if (longest <= 1) fillSlots(literalLengthTable, LITERAL_LENGTH_BITS, 0, 0, INVALID);
  let symbol = sortedSymbols;
  let code: u32 = 0;
  for (let bits = 1; bits <= min(longest, LITERAL_LENGTH_BITS); bits++) {
    for (let left = load<u16>(codeCounts + (bits << 1)); left > 0; left--, symbol += 2) {
      const entry = singleEntry(symbol) + bits * LITERAL_LENGTH_UNIT;
      if (entry & NOT_ONLY_LITERALS) fillSlots(literalLengthTable, LITERAL_LENGTH_BITS, code, bits, entry);
      else fillPairs(code, bits, entry);
      code = nextReversedCode(code, bits);
    }
  }
  if (longest > LITERAL_LENGTH_BITS) {
    buildSubtables(
      literalLengthTable,
      LITERAL_LENGTH_BITS,
      longest,
      LITERAL_LENGTH_ENTRIES,
      LITERAL_LENGTH_UNIT,
      symbol,
      code,
    );
  }
}

function buildSingles(longest: i32): void {
  store<u32>(singles, 0, 4);
  let symbol = sortedSymbols;
  let code: u32 = 0;
  for (let bits = 1; bits < LITERAL_LENGTH_BITS; bits++) {
    const table = singles + (4 << bits);
    const half: usize = 2 << bits;
    memory.copy(table, table - half, half);
    memory.copy(table + half, table - half, half);
    for (let left = load<u16>(codeCounts + (bits << 1)); left > 0; left--, symbol += 2) {
      const entry = singleEntry(symbol);
      const second = entry & NOT_ONLY_LITERALS ? entry + bits * LITERAL_LENGTH_UNIT : asSecond(entry) + bits;
      store<u32>(table + (code << 2), second);
      code = nextReversedCode(code, bits);
    }
  }
}

/** A literal's entry with the literal in the second place. */
function asSecond(entry: u32): u32 {
  return ((entry & 0xff00) << 8) | (entry & 0xff);
}

function fillPairs(code: u32, bits: i32, entry: u32): void {
  const step: usize = 4 << bits;
  const end = singles + (8 << (LITERAL_LENGTH_BITS - bits));
  let slot = literalLengthTable + (code << 2);
  for (let second = singles + (4 << (LITERAL_LENGTH_BITS - bits)); second < end; second += 4) {
    store<u32>(slot, entry + load<u32>(second));
    slot += step;
  }
}

function singleEntry(symbol: usize): u32 {
  return load<u32>(LITERAL_LENGTH_ENTRIES + (usize(load<u16>(symbol)) << 2));
}
