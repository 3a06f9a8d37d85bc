import { DISTANCE_BITS, distanceTable } from './distance-table';
import { EXCEPTIONAL_BIT, INVALID_BIT, NOT_ONLY_LITERALS, SUBTABLE } from './entries';
import { LITERAL_LENGTH_BITS, literalLengthTable } from './literal-length-table';
import { COPY_SLACK, copyMatch } from './match-copy';
import { BAD_SYMBOL, DONE, TOO_FAR_BACK, TOO_LONG, TRUNCATED } from './status';
import { refill, stream } from './stream';

/** Decodes a block's symbols to its end, each read and write checked. Returns DONE or a negative status. */
export function decodeCarefully(): i32 {
  while (true) {
    const entry = takeEntry(literalLengthTable, LITERAL_LENGTH_BITS);
    const before = u32(taken << 2);
    if (stream.bitCount < 0) return TRUNCATED;
    const literals = usize((entry >> 6) & 3);
    if (literals > stream.outEnd - stream.out) return TOO_LONG;
    if (literals > 0) store<u8>(stream.out, u8(entry >> 8));
    if (literals > 1) store<u8>(stream.out, u8(entry >> 16), 1);
    stream.out += literals;
    if (!(entry & NOT_ONLY_LITERALS)) continue;
    if (entry & EXCEPTIONAL_BIT) return entry & INVALID_BIT ? BAD_SYMBOL : DONE;
    const length = usize(((entry >> 16) & 511) + ((before & ((4 << entry) - 1)) >> (entry >> 25)));
    const status = copyCarefully(length);
    if (status < 0) return status;
  }
}

function copyCarefully(length: usize): i32 {
  const entry = takeEntry(distanceTable, DISTANCE_BITS);
  if (entry & NOT_ONLY_LITERALS) return BAD_SYMBOL;
  if (stream.bitCount < 0) return TRUNCATED;
  const distance = usize((entry >> 16) + ((u32(taken << 2) & ((4 << entry) - 1)) >> (entry >> 8)));
  const out = stream.out;
  if (distance > out - stream.outStart) return TOO_FAR_BACK;
  const room = stream.outEnd - out;
  if (length > room) return TOO_LONG;
  if (length + COPY_SLACK <= room) copyMatch(out, distance, length);
  else for (let done: usize = 0; done < length; done++) store<u8>(out + done, load<u8>(out + done - distance));
  stream.out = out + length;
  return DONE;
}

/** The bits that the entry taken last begins with. */
let taken: u64 = 0;

/** The next symbols' entry, its bits dropped; more than there are leave `bitCount` negative. */
function takeEntry(table: usize, rootBits: i32): u32 {
  refill();
  taken = stream.bits;
  let entry = load<u32>(table + (usize(u32(taken) & ((1 << rootBits) - 1)) << 2));
  if ((entry & SUBTABLE) == SUBTABLE) {
    taken >>= u64(rootBits);
    stream.bitCount -= rootBits;
    const index = ((entry >> 8) & 0xffff) + (u32(taken) & ((1 << ((entry >> 25) & 15)) - 1));
    entry = load<u32>(table + (usize(index) << 2));
  }
  stream.bits = taken >> u64(entry);
  stream.bitCount -= entry & 63;
  return entry;
}
