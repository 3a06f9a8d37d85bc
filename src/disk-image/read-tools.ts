import { BLOCK_BYTES, KIB } from '../model/units.js';
import { createGrainInflater, type GrainInflater, INFLATE_SLACK } from './grain-inflater.js';

/**
 * What one read at a time works with: whoever reads many blocks brings the memory and the inflater, so that a disk
 * costs nothing per block.
 */
export interface ReadTools {
  /** Compressed grains as they stand in the file; SPAN_BYTES at least. */
  readonly span: Buffer;
  /** One grain that cannot be inflated in place; BOUNCE_BYTES at least. */
  readonly bounce: Buffer;
  readonly inflater: GrainInflater;
}

/** A block of incompressible grains with their markers, padding and the unknown length of the last fits. */
export const SPAN_BYTES = BLOCK_BYTES + 512 * KIB;
/** The grain of every disk VMware writes, and the inflater's slack. */
export const BOUNCE_BYTES = 64 * KIB + INFLATE_SLACK;

/** Tools in ordinary memory with Node's zlib, for grains of `grainBytes`. */
export function createReadTools(grainBytes: number = BOUNCE_BYTES - INFLATE_SLACK): ReadTools {
  return {
    span: Buffer.allocUnsafeSlow(Math.max(SPAN_BYTES, 4 * grainBytes + KIB)),
    bounce: Buffer.allocUnsafeSlow(grainBytes + INFLATE_SLACK),
    inflater: createGrainInflater(),
  };
}
