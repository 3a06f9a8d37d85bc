/** A disk sector as every format here counts it, in bytes. */
export const SECTOR_BYTES = 512;

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;

/** The unit of work, of VHD allocation, of digests and of resume, in bytes of guest disk. */
export const BLOCK_BYTES = 2 * MIB;

/** Rounds `value` up to the next multiple of `step` (both non-negative integers below 2^53). */
export function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

/** How many blocks a disk of `capacityBytes` has; the last may be partial. */
export function blockCount(capacityBytes: number): number {
  return Math.ceil(capacityBytes / BLOCK_BYTES);
}
