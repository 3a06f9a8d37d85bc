import { DISTANCE_BITS, distanceTable } from './distance-table';
import { EXCEPTIONAL_BIT, INVALID_BIT, SUBTABLE_BIT } from './entries';
import { LITERAL_LENGTH_BITS, literalLengthTable } from './literal-length-table';
import { COPY_SLACK, copyMatch } from './match-copy';
import { BAD_SYMBOL, DONE, NEAR_END, TOO_FAR_BACK } from './status';
import { stream } from './stream';

/** Two refills a round read 8 bytes each, 7 apart. */
const SOURCE_MARGIN: usize = 16;
/** A round writes up to 7 literals, the last with a byte too many, and a match of up to 258 bytes. */
const OUT_MARGIN: usize = 8 + 258 + COPY_SLACK;

/** Masks of a table's index, in units of its entries' 4 bytes. */
const LITERAL_LENGTH_MASK: u32 = ((1 << LITERAL_LENGTH_BITS) - 1) << 2;
const DISTANCE_MASK: u32 = ((1 << DISTANCE_BITS) - 1) << 2;

/**
 * Decodes a block's symbols with the tables as long as both buffers have room for a whole round, which checks
 * nothing in between. Returns DONE at the block's end, NEAR_END, or a negative status.
 *
 * The bit buffer stands two bits higher than in `stream`, above two bits of no meaning: masked, its low end is
 * then a byte offset into a table. 54 bits or more after a refill are enough for three look-ups with the
 * extra bits of a length (3 * 12 + 5), and for any length with its distance (20 + 28).
 *
 * Shift counts need no mask: WebAssembly takes them modulo the width, and an entry's low bits are the count.
 * For the same reason `bitCount` may carry garbage above its low 6 bits. The limits are read from memory each
 * time because V8 has no registers left for them, and the next entry is looked up before a match is copied so
 * that a branch mispredicted in copying does not delay it.
 */
export function decodeFast(): i32 {
  // Whole bytes go back to the source, or the two bits might not fit.
  let next = stream.next - (stream.bitCount >> 3);
  let bits = stream.bits << 2;
  let bitCount = u32(stream.bitCount & 7) + 2;
  let out = stream.out;
  if (next + SOURCE_MARGIN > stream.sourceEnd) return NEAR_END;
  bits |= load<u64>(next) << u64(bitCount);
  next += freeBytes(bitCount);
  bitCount |= 56;
  let entry = literalLengthEntry(bits);
  let status = NEAR_END;

  while (true) {
    if (next + SOURCE_MARGIN > stream.sourceEnd) break;
    if (out + OUT_MARGIN > stream.outEnd) break;
    let before = u32(bits);
    bits >>= u64(entry);
    bitCount -= entry;
    store<u16>(out, u16(entry >> 8));
    out += literalCount(entry);
    if (onlyLiterals(entry)) {
      before = u32(bits);
      entry = literalLengthEntry(bits);
      bits >>= u64(entry);
      bitCount -= entry;
      store<u16>(out, u16(entry >> 8));
      out += literalCount(entry);
      if (onlyLiterals(entry)) {
        before = u32(bits);
        entry = literalLengthEntry(bits);
        bits >>= u64(entry);
        bitCount -= entry;
        store<u16>(out, u16(entry >> 8));
        out += literalCount(entry);
        if (onlyLiterals(entry)) {
          bits |= load<u64>(next) << u64(bitCount);
          next += freeBytes(bitCount);
          bitCount |= 56;
          entry = literalLengthEntry(bits);
          continue;
        }
      }
      bits |= load<u64>(next) << u64(bitCount);
      next += freeBytes(bitCount);
      bitCount |= 56;
    }
    if (entry & EXCEPTIONAL_BIT) {
      if (!(entry & SUBTABLE_BIT)) {
        status = entry & INVALID_BIT ? BAD_SYMBOL : DONE;
        break;
      }
      before = u32(bits);
      entry = load<u32>(subtableOffset(entry, before), literalLengthTable);
      bits >>= u64(entry);
      bitCount -= entry;
      store<u8>(out, u8(entry >> 8));
      out += literalCount(entry);
      if (onlyLiterals(entry)) {
        bits |= load<u64>(next) << u64(bitCount);
        next += freeBytes(bitCount);
        bitCount |= 56;
        entry = literalLengthEntry(bits);
        continue;
      }
      if (entry & EXCEPTIONAL_BIT) {
        status = entry & INVALID_BIT ? BAD_SYMBOL : DONE;
        break;
      }
    }
    const length = usize(((entry >> 16) & 511) + (droppedBits(before, entry) >> (entry >> 25)));

    before = u32(bits);
    entry = load<u32>(before & DISTANCE_MASK, distanceTable);
    if (<i32>entry < 0) {
      if (!(entry & SUBTABLE_BIT)) {
        status = BAD_SYMBOL;
        break;
      }
      bits >>= DISTANCE_BITS;
      bitCount -= DISTANCE_BITS;
      before = u32(bits);
      entry = load<u32>(subtableOffset(entry, before), distanceTable);
      if (<i32>entry < 0) {
        status = BAD_SYMBOL;
        break;
      }
    }
    bits >>= u64(entry);
    bitCount -= entry;
    const distance = usize((entry >> 16) + (droppedBits(before, entry) >> (entry >> 8)));
    if (distance > out - stream.outStart) {
      status = TOO_FAR_BACK;
      break;
    }
    bits |= load<u64>(next) << u64(bitCount);
    next += freeBytes(bitCount);
    bitCount |= 56;
    entry = literalLengthEntry(bits);
    copyMatch(out, distance, length);
    out += length;
  }

  stream.bits = bits >> 2;
  stream.bitCount = (bitCount & 63) - 2;
  stream.next = next;
  stream.out = out;
  return status;
}

/** How many whole bytes a refill adds to a bit buffer of `bitCount` bits. */
function freeBytes(bitCount: u32): u32 {
  return (~bitCount >> 3) & 7;
}

function literalLengthEntry(bits: u64): u32 {
  return load<u32>(u32(bits) & LITERAL_LENGTH_MASK, literalLengthTable);
}

/** Where the entry for the next bits is that `pointer` sends to, in bytes from the start of its table. */
function subtableOffset(pointer: u32, bits: u32): u32 {
  const index = (bits >> 2) & ((1 << ((pointer >> 25) & 15)) - 1);
  return (((pointer >> 8) & 0xffff) + index) << 2;
}

function literalCount(entry: u32): u32 {
  return (entry >> 6) & 3;
}

function onlyLiterals(entry: u32): bool {
  return <i32>entry >= 0;
}

/** The bits that `entry` drops, above the two of no meaning. */
function droppedBits(before: u32, entry: u32): u32 {
  return before & ((4 << entry) - 1);
}
