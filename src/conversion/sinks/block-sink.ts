import type { FormatSpec } from '../formats/block-format.js';
import type { LaneBuffers } from '../lane-buffers.js';

/** Where a disk's blocks go; plain data. */
export type SinkSpec =
  /** Blocks are read and digested, nothing is written. */
  | { readonly kind: 'null' }
  /** An existing partial file, at final places. */
  | { readonly kind: 'file'; readonly path: string; readonly format: FormatSpec }
  /** A BlockRing's memory, in disk order; every allocated block is stored. */
  | { readonly kind: 'ring'; readonly ring: SharedArrayBuffer; readonly format: FormatSpec };

/** Where a thread's blocks go. One per thread and disk; lanes use it at the same time. */
export interface BlockSink {
  /** Whether a block's place depends on what the blocks before it store. */
  readonly ranked: boolean;
  /** The units of the block that will be stored, one bit each, lowest first. */
  unitsOf(block: number, data: Buffer, isZero: boolean): number;
  /** Writes the units of a block. `rank` is the number of units stored before it; 0 for a sink without ranks. */
  write(block: number, unitBits: number, rank: number, buffers: LaneBuffers): Promise<void>;
  close(): void;
}
