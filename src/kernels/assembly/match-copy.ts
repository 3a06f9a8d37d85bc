/** Bytes behind a match that `copyMatch` may overwrite. */
export const COPY_SLACK: usize = 32;

/** For distances 1-15, the lanes of a vector that repeat its first `distance` bytes (16 u8 each). */
const REPEATS = memory.data(16 * 16, 64);
/** For the same distances, how far apart such vectors continue each other (u8): a multiple of the distance. */
const STRIDES = memory.data(16, 1);

for (let distance = 1; distance < 16; distance++) {
  for (let lane = 0; lane < 16; lane++) store<u8>(REPEATS + (distance << 4) + lane, u8(lane % distance));
  store<u8>(STRIDES + distance, u8(16 - (16 % distance)));
}

/** Copies `length` bytes from `distance` bytes before `out`, as if one by one; writes whole vectors. */
@inline
export function copyMatch(out: usize, distance: usize, length: usize): void {
  const from = out - distance;
  if (distance >= 16) {
    v128.store(out, v128.load(from));
    v128.store(out, v128.load(from, 16), 16);
    if (length > 32) {
      let done: usize = 32;
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
