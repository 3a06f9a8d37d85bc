/** Bytes behind a match that `copyMatch` may overwrite. */
export const COPY_SLACK: usize = 16;

/**
 * For distances 0-15, the bytes of a vector that repeat the last `distance` bytes (16 u8 each); then one for
 * all distances from 16 on.
 */
const REPEATS = memory.data(17 * 16, 64);
/** For the same distances, how far the repetition may be written on (u8): a multiple of the distance. */
const STRIDES = memory.data(17, 1);

for (let distance = 1; distance <= 16; distance++) {
  for (let lane = 0; lane < 16; lane++) store<u8>(REPEATS + (distance << 4) + lane, u8(lane % distance));
  store<u8>(STRIDES + distance, u8(16 - (16 % distance)));
}

/** Copies `length` bytes from `distance` bytes before `out`, as if one by one; writes whole vectors. */
// @ts-ignore: decorators on functions are AssemblyScript's
@inline
export function copyMatch(out: usize, distance: usize, length: usize): void {
  const from = out - distance;
  if (distance >= 16) {
    v128.store(out, v128.load(from));
    if (length > 16) {
      let done: usize = 16;
      do {
        v128.store(out + done, v128.load(from + done));
        done += 16;
      } while (done < length);
    }
  } else {
    const repeat = v128.swizzle(v128.load(from), v128.load(REPEATS + (distance << 4)));
    const stride = usize(load<u8>(STRIDES + distance));
    let done: usize = 0;
    do {
      v128.store(out + done, repeat);
      done += stride;
    } while (done < length);
  }
}
