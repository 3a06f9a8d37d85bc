/** Where one stream's inflating stands, in static memory; the hot loops keep their own copies in locals. */
@unmanaged
class Stream {
  /** Input bits not used yet, the next one lowest. What stands above `bitCount` is input too, or zero. */
  bits: u64;
  bitCount: i32;
  /** Next input byte that is not counted in `bitCount`. */
  next: usize;
  sourceEnd: usize;
  out: usize;
  outStart: usize;
  outEnd: usize;
}

export const stream = changetype<Stream>(memory.data(40, 8));

/** Brings the bit buffer to 56 bits or more, or to all that are left; reads nothing behind the source. */
export function refill(): void {
  let next = stream.next;
  let count = stream.bitCount;
  let bits = stream.bits;
  if (next + 8 <= stream.sourceEnd) {
    bits |= load<u64>(next) << u64(count);
    next += (63 - count) >> 3;
    count |= 56;
  } else {
    while (count < 56 && next < stream.sourceEnd) {
      bits |= u64(load<u8>(next++)) << u64(count);
      count += 8;
    }
  }
  stream.next = next;
  stream.bitCount = count;
  stream.bits = bits;
}

/** The next `count` bits (16 at most) as a number, or -1 when the source ends before. */
export function takeBits(count: i32): i32 {
  if (stream.bitCount < count) {
    refill();
    if (stream.bitCount < count) return -1;
  }
  const value = i32(stream.bits) & ((1 << count) - 1);
  stream.bits >>= u64(count);
  stream.bitCount -= count;
  return value;
}

/** Gives whole bytes in the bit buffer back to the source: the fast loop has two bits less room for them. */
export function giveBytesBack(): void {
  stream.next -= stream.bitCount >> 3;
  stream.bitCount &= 7;
  stream.bits &= (1 << stream.bitCount) - 1;
}

/** Drops the rest of the current byte and gives whole bytes in the bit buffer back to the source. */
export function alignToByte(): void {
  stream.next -= stream.bitCount >> 3;
  stream.bits = 0;
  stream.bitCount = 0;
}
