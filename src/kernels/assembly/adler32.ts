/** RFC 1950, section 8.2: both sums are taken modulo the largest prime below 65536. */
const MODULUS: u32 = 65521;
const STRIDE: usize = 64;
/** Bytes after which a 16-bit lane could pass 32767: a pair of bytes adds 510 at most, 64 bytes four of them. */
const LANE_BYTES: usize = 1024;

/** The Adler-32 of `bytes` bytes. */
export function adler32(start: usize, bytes: i32): u32 {
  let sum: u32 = 1;
  let sumOfSums: u32 = 0;
  let at = start;
  const end = start + bytes;
  while (at + STRIDE <= end) {
    const length = min(LANE_BYTES, (end - at) & ~(STRIDE - 1));
    const stop = at + length;
    let pairs = i16x8.splat(0);
    let odd = i16x8.splat(0);
    let earlier = i32x4.splat(0);
    let weighted = i32x4.splat(0);
    const ones = i16x8.splat(1);
    for (; at < stop; at += STRIDE) {
      earlier = i32x4.add(earlier, i32x4.dot_i16x8_s(pairs, ones));
      const a = v128.load(at);
      const b = v128.load(at, 16);
      const c = v128.load(at, 32);
      const d = v128.load(at, 48);
      const pairsA = i16x8.extadd_pairwise_i8x16_u(a);
      const pairsB = i16x8.extadd_pairwise_i8x16_u(b);
      const pairsC = i16x8.extadd_pairwise_i8x16_u(c);
      const pairsD = i16x8.extadd_pairwise_i8x16_u(d);
      pairs = i16x8.add(pairs, i16x8.add(i16x8.add(pairsA, pairsB), i16x8.add(pairsC, pairsD)));
      // A pair weighs as its even byte; the odd one weighs one less.
      odd = i16x8.add(odd, i16x8.add(i16x8.shr_u(a, 8), i16x8.shr_u(b, 8)));
      odd = i16x8.add(odd, i16x8.add(i16x8.shr_u(c, 8), i16x8.shr_u(d, 8)));
      const ab = i32x4.add(
        i32x4.dot_i16x8_s(pairsA, i16x8(64, 62, 60, 58, 56, 54, 52, 50)),
        i32x4.dot_i16x8_s(pairsB, i16x8(48, 46, 44, 42, 40, 38, 36, 34)),
      );
      const cd = i32x4.add(
        i32x4.dot_i16x8_s(pairsC, i16x8(32, 30, 28, 26, 24, 22, 20, 18)),
        i32x4.dot_i16x8_s(pairsD, i16x8(16, 14, 12, 10, 8, 6, 4, 2)),
      );
      weighted = i32x4.add(weighted, i32x4.add(ab, cd));
    }
    const oddSum = lanes(i32x4.dot_i16x8_s(odd, ones));
    sumOfSums += sum * u32(length) + 64 * lanes(earlier) + lanes(weighted) - oddSum;
    sumOfSums %= MODULUS;
    sum = (sum + lanes(i32x4.dot_i16x8_s(pairs, ones))) % MODULUS;
  }
  for (; at < end; at++) {
    sum += load<u8>(at);
    sumOfSums += sum;
  }
  return ((sumOfSums % MODULUS) << 16) | (sum % MODULUS);
}

function lanes(vector: v128): u32 {
  return (
    i32x4.extract_lane(vector, 0) +
    i32x4.extract_lane(vector, 1) +
    i32x4.extract_lane(vector, 2) +
    i32x4.extract_lane(vector, 3)
  );
}
