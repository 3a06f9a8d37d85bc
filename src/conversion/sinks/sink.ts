import type { ChunkChecksum } from '../../xva/index.js';
import type { LaneBuffers } from '../lane-buffers.js';

/** What a thread needs to know to write a disk; plain data. Offsets are bytes of the partial file. */
export type SinkSpec =
  /** Blocks are read and digested, nothing is written. */
  | { readonly kind: 'null' }
  | { readonly kind: 'vhd'; readonly path: string; readonly capacityBytes: number }
  | { readonly kind: 'raw'; readonly path: string; readonly capacityBytes: number }
  | {
      readonly kind: 'xva';
      readonly path: string;
      /** Where the disk's first chunk goes. */
      readonly baseOffset: number;
      readonly diskId: string;
      /** Number of 1 MiB chunks of the disk. */
      readonly chunks: number;
      readonly checksum: ChunkChecksum;
    };

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
