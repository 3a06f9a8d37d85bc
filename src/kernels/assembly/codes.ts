import { buildDistanceTable } from './distance-table';
import { DISTANCE_SYMBOLS, LITERAL_LENGTH_SYMBOLS } from './entries';
import { buildTable, sortCodes } from './huffman';
import { buildLiteralLengthTable } from './literal-length-table';
import { BAD_CODE_LENGTHS, DONE, TRUNCATED } from './status';
import { refill, stream, takeBits } from './stream';

/** RFC 1951, section 3.2.7: the codes of the code lengths come in this order and have 7 bits or less. */
const LENGTH_CODE_ORDER = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]);
const LENGTH_CODES: i32 = 19;
const LENGTH_CODE_BITS: i32 = 7;
/** What zlib accepts; RFC 1951 leaves the symbols above without meaning. */
const MAX_LITERAL_LENGTH_CODES: i32 = 286;
const MAX_DISTANCE_CODES: i32 = 30;
const END_SYMBOL: i32 = 256;
/** A code length's symbol and its extra bits. */
const MAX_ITEM_BITS: i32 = 14;

const codeLengths = memory.data(320, 16);
const lengthCodeTable = memory.data(4 << 7, 16);
/** Code length symbols stand for themselves, in the place where entries have a base. */
const lengthCodeEntries = memory.data(19 * 4, 16);

for (let symbol = 0; symbol < LENGTH_CODES; symbol++) {
  store<u32>(lengthCodeEntries + (symbol << 2), symbol << 16);
}

/** RFC 1951, section 3.2.6. */
export function useFixedCodes(): i32 {
  memory.fill(codeLengths, 8, 144);
  memory.fill(codeLengths + 144, 9, 112);
  memory.fill(codeLengths + 256, 7, 24);
  memory.fill(codeLengths + 280, 8, 8);
  memory.fill(codeLengths + 288, 5, 32);
  return buildTables(LITERAL_LENGTH_SYMBOLS, DISTANCE_SYMBOLS);
}

/** Reads a dynamic block's codes (RFC 1951, section 3.2.7) and builds their tables. */
export function readDynamicCodes(): i32 {
  const sizes = takeBits(14);
  if (sizes < 0) return TRUNCATED;
  const literalLengthCodes = (sizes & 31) + 257;
  const distanceCodes = ((sizes >> 5) & 31) + 1;
  if (literalLengthCodes > MAX_LITERAL_LENGTH_CODES || distanceCodes > MAX_DISTANCE_CODES) {
    return BAD_CODE_LENGTHS;
  }
  memory.fill(codeLengths, 0, LENGTH_CODES);
  for (let index = 0, count = (sizes >> 10) + 4; index < count; index++) {
    const length = takeBits(3);
    if (length < 0) return TRUNCATED;
    store<u8>(codeLengths + load<u8>(LENGTH_CODE_ORDER + index), u8(length));
  }
  const longest = sortCodes(codeLengths, LENGTH_CODES);
  // zlib lets a single code of one bit pass for the two other alphabets only.
  if (longest < 2 && !completeOfOneBit(longest)) return BAD_CODE_LENGTHS;
  buildTable(lengthCodeTable, LENGTH_CODE_BITS, longest, lengthCodeEntries, 1);
  const status = readCodeLengths(literalLengthCodes + distanceCodes);
  if (status < 0) return status;
  if (load<u8>(codeLengths + END_SYMBOL) == 0) return BAD_CODE_LENGTHS;
  return buildTables(literalLengthCodes, distanceCodes);
}

function completeOfOneBit(longest: i32): bool {
  if (longest != 1) return false;
  let codes = 0;
  for (let symbol = 0; symbol < LENGTH_CODES; symbol++) codes += load<u8>(codeLengths + symbol);
  return codes == 2;
}

function buildTables(literalLengthCodes: i32, distanceCodes: i32): i32 {
  const longestLiteralLength = sortCodes(codeLengths, literalLengthCodes);
  if (longestLiteralLength < 0) return longestLiteralLength;
  buildLiteralLengthTable(longestLiteralLength);
  const longestDistance = sortCodes(codeLengths + literalLengthCodes, distanceCodes);
  if (longestDistance < 0) return longestDistance;
  buildDistanceTable(longestDistance);
  return DONE;
}

/** Reads `count` code lengths with their repeats to `codeLengths`. */
function readCodeLengths(count: i32): i32 {
  const end = codeLengths + count;
  for (let at = codeLengths; at < end; ) {
    if (stream.bitCount < MAX_ITEM_BITS) refill();
    const entry = load<u32>(lengthCodeTable + (usize(i32(stream.bits) & ((1 << LENGTH_CODE_BITS) - 1)) << 2));
    const symbol = entry >> 16;
    const codeBits = entry & 15;
    if (symbol < 16) {
      drop(codeBits);
      store<u8>(at++, u8(symbol));
    } else {
      const extraBits: u32 = symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
      const least: u32 = symbol == 18 ? 11 : 3;
      const repeats = least + (u32(stream.bits >> u64(codeBits)) & ((1 << extraBits) - 1));
      drop(codeBits + extraBits);
      if (repeats > u32(end - at)) return BAD_CODE_LENGTHS;
      if (symbol == 16 && at == codeLengths) return BAD_CODE_LENGTHS;
      memory.fill(at, symbol == 16 ? load<u8>(at - 1) : 0, repeats);
      at += repeats;
    }
    if (stream.bitCount < 0) return TRUNCATED;
  }
  return DONE;
}

function drop(bits: u32): void {
  stream.bits >>= u64(bits);
  stream.bitCount -= bits;
}
