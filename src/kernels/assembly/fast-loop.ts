import { DISTANCE_BITS, distanceTable } from './distance-table';
import { EXCEPTIONAL_BIT, INVALID_BIT, SUBTABLE_BIT } from './entries';
import { LITERAL_LENGTH_BITS, literalLengthTable } from './literal-length-table';
import { COPY_SLACK, copyMatch } from './match-copy';
import { BAD_SYMBOL, DONE, NEAR_END, TOO_FAR_BACK } from './status';
import { stream } from './stream';

/** Two refills a round read 8 bytes each, 7 apart. */
const SOURCE_MARGIN: usize = 16;
/** A round writes up to 8 literals and a match of up to 258 bytes. */
const OUT_MARGIN: usize = 8 + 258 + COPY_SLACK;

const LITERAL_LENGTH_MASK: u32 = (1 << LITERAL_LENGTH_BITS) - 1;
const DISTANCE_MASK: u32 = (1 << DISTANCE_BITS) - 1;

/**
 * Decodes a block's symbols with the tables as long as both buffers have room for a whole round, which checks
 * nothing in between. Returns DONE at the block's end, NEAR_END, or a negative status.
 *
 * Shift counts need no mask: WebAssembly takes them modulo the width, and an entry's low bits are the count.
 * For the same reason `bitCount` may carry garbage above its low 6 bits.
 */
export function decodeFast(): i32 {
  let bits = stream.bits << 2;
  let bitCount = u32(stream.bitCount) + 2;
  let next = stream.next;
  let out = stream.out;
  const outStart = stream.outStart;
  const lastNext = stream.sourceEnd - SOURCE_MARGIN;
  const lastOut = stream.outEnd - OUT_MARGIN;
  let status = NEAR_END;

  while (true) {
    if (next > lastNext) break;
    if (out > lastOut) break;
    bits |= load<u64>(next) << u64(bitCount);
    next += (~bitCount >> 3) & 7;
    bitCount |= 56;

    let before = u32(bits);
    let entry = load<u32>(literalLengthTable + (before & (LITERAL_LENGTH_MASK << 2)));
    bits >>= u64(entry);
    bitCount -= entry;
    store<u16>(out, u16(entry >> 8));
    out += (entry >> 6) & 3;

    if (<i32>entry >= 0) {
      before = u32(bits);
      entry = load<u32>(literalLengthTable + (before & (LITERAL_LENGTH_MASK << 2)));
      bits >>= u64(entry);
      bitCount -= entry;
      store<u16>(out, u16(entry >> 8));
      out += (entry >> 6) & 3;
      if (<i32>entry >= 0) {
        before = u32(bits);
        entry = load<u32>(literalLengthTable + (before & (LITERAL_LENGTH_MASK << 2)));
        bits >>= u64(entry);
        bitCount -= entry;
        store<u16>(out, u16(entry >> 8));
        out += (entry >> 6) & 3;
        if (<i32>entry >= 0) continue;
      }
      bits |= load<u64>(next) << u64(bitCount);
      next += (~bitCount >> 3) & 7;
      bitCount |= 56;
    }

    if (entry & EXCEPTIONAL_BIT) {
      if (!(entry & SUBTABLE_BIT)) {
        status = entry & INVALID_BIT ? BAD_SYMBOL : DONE;
        break;
      }
      before = u32(bits);
      const index = ((entry >> 8) & 0xffff) + ((before >> 2) & ((1 << ((entry >> 25) & 15)) - 1));
      entry = load<u32>(literalLengthTable + (index << 2));
      bits >>= u64(entry);
      bitCount -= entry;
      store<u8>(out, u8(entry >> 8));
      out += (entry >> 6) & 3;
      if (<i32>entry >= 0) continue;
      if (entry & EXCEPTIONAL_BIT) {
        status = entry & INVALID_BIT ? BAD_SYMBOL : DONE;
        break;
      }
    }
    const length = usize(((entry >> 16) & 511) + ((before & ~(-4 << entry)) >> (entry >> 25) >> 2));

    before = u32(bits);
    entry = load<u32>(distanceTable + (before & (DISTANCE_MASK << 2)));
    if (<i32>entry < 0) {
      if (!(entry & SUBTABLE_BIT)) {
        status = BAD_SYMBOL;
        break;
      }
      bits >>= DISTANCE_BITS;
      bitCount -= DISTANCE_BITS;
      before = u32(bits);
      const index = ((entry >> 8) & 0xffff) + ((before >> 2) & ((1 << ((entry >> 25) & 15)) - 1));
      entry = load<u32>(distanceTable + (index << 2));
      if (<i32>entry < 0) {
        status = BAD_SYMBOL;
        break;
      }
    }
    bits >>= u64(entry);
    bitCount -= entry;
    const distance = usize((entry >> 16) + ((before & ~(-4 << entry)) >> (entry >> 8) >> 2));
    if (distance > out - outStart) {
      status = TOO_FAR_BACK;
      break;
    }
    copyMatch(out, distance, length);
    out += length;
  }

  stream.bits = bits >> 2;
  stream.bitCount = (bitCount & 63) - 2;
  stream.next = next;
  stream.out = out;
  return status;
}
