import type { Random } from '../random.js';

const HEAD_BYTES = 1024;
const TAIL_BYTES = 1536;
const TRIES = 64;

/**
 * Where to change a file: mostly what is not padding, which in the seeds is metadata, and the two ends, where headers
 * and footers are. Aligned to `width` mostly, as fields are.
 */
export function pickOffset(bytes: Buffer, width: number, random: Random): number {
  const kind = random.below(10);
  if (kind < 4) return aligned(pickFilled(bytes, random), width, random);
  if (kind < 7) return aligned(random.below(Math.min(HEAD_BYTES, bytes.length)), width, random);
  if (kind < 8) {
    const tail = Math.min(TAIL_BYTES, bytes.length);
    return aligned(bytes.length - tail + random.below(tail), width, random);
  }
  return aligned(random.below(bytes.length), width, random);
}

/** A byte that is not zero, when one is met soon. */
function pickFilled(bytes: Buffer, random: Random): number {
  const start = random.below(bytes.length);
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const at = random.below(bytes.length);
    if (bytes[at] !== 0) return at;
  }
  const next = bytes.subarray(start).findIndex((byte) => byte !== 0);
  return next < 0 ? start : start + next;
}

/** Formats keep fields at multiples of 4 more often than of their width. */
function aligned(offset: number, width: number, random: Random): number {
  const step = random.chance(0.9) ? Math.min(width, 4) : 1;
  return offset - (offset % step);
}
