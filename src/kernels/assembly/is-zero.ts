const STRIDE: usize = 128;

/** 1 when the `bytes` bytes from `start` on are all zero, else 0. */
export function isZero(start: usize, bytes: i32): i32 {
  const end = start + bytes;
  let at = start;
  for (; at + STRIDE <= end; at += STRIDE) {
    const ab = v128.or(v128.load(at), v128.load(at, 16));
    const cd = v128.or(v128.load(at, 32), v128.load(at, 48));
    const ef = v128.or(v128.load(at, 64), v128.load(at, 80));
    const gh = v128.or(v128.load(at, 96), v128.load(at, 112));
    if (v128.any_true(v128.or(v128.or(ab, cd), v128.or(ef, gh)))) return 0;
  }
  for (; at < end; at++) if (load<u8>(at) != 0) return 0;
  return 1;
}
