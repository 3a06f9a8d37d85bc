import type { ChunkChecksum } from '../../xva/index.js';
import type { LaneBuffers } from '../lane-buffers.js';

/** What a thread needs to know to shape a disk's blocks for an output; plain data. Offsets are bytes of the output. */
export type FormatSpec =
  | {
      readonly kind: 'vhd';
      readonly firstBlockOffset: number;
      /** Stores blocks of zeros like others: in a differencing disk they hide the parent's. */
      readonly keepZeros: boolean;
    }
  | { readonly kind: 'raw'; readonly capacityBytes: number }
  | { readonly kind: 'chunked'; readonly capacityBytes: number }
  | { readonly kind: 'qcow2'; readonly virtualBytes: number; readonly dataOffset: number }
  | {
      readonly kind: 'xva';
      /** Where the disk's first chunk goes. */
      readonly baseOffset: number;
      readonly diskId: string;
      /** Number of 1 MiB chunks of the disk. */
      readonly chunks: number;
      readonly checksum: ChunkChecksum;
    };

/** How a disk's blocks stand in an output. One per thread and disk; lanes use it at the same time. */
export interface BlockFormat {
  /** Whether a block's place depends on what the blocks before it store. */
  readonly ranked: boolean;
  /** Units that a block which is stored as a whole consists of, one bit each. */
  readonly allUnits: number;
  /** The units of the block that will be stored, lowest bit first. */
  unitsOf(block: number, data: Buffer, isZero: boolean): number;
  /** The block's bytes as the output has them: views of the lane's buffers. */
  encode(block: number, unitBits: number, buffers: LaneBuffers): readonly Uint8Array[];
  /** Where they go. `rank` is the number of units stored before the block; 0 for a format without ranks. */
  offsetOf(block: number, rank: number): number;
}
