import { BOUNCE_BYTES, type ReadTools, SPAN_BYTES } from '../disk-image/index.js';
import { BLOCK_BYTES } from '../model/units.js';
import { DATA_ALIGNMENT } from '../vhd/index.js';
import type { BlockKernels } from './block-kernels.js';

/** Memory of one lane: a page for what a sink puts before the data, then one block of data, side by side. */
export interface LaneBuffers {
  readonly page: Buffer;
  readonly block: Buffer;
  /** Page and block as one buffer, aligned to 4 KiB. */
  readonly whole: Buffer;
  /** What its reads work with. */
  readonly tools: ReadTools;
}

const LANE_BYTES = DATA_ALIGNMENT + BLOCK_BYTES;
/** Each of a lane's three buffers may lose up to a page to alignment. */
const ALIGNMENT_LOSS = 3 * 4096;

/** What kernels must have room for to serve `lanes` lanes, in bytes. */
export function laneMemory(lanes: number): number {
  return lanes * (LANE_BYTES + SPAN_BYTES + BOUNCE_BYTES + ALIGNMENT_LOSS);
}

export function allocateLane(kernels: BlockKernels): LaneBuffers {
  const whole = kernels.allocate(LANE_BYTES);
  return {
    page: whole.subarray(0, DATA_ALIGNMENT),
    block: whole.subarray(DATA_ALIGNMENT),
    whole,
    tools: {
      span: kernels.allocate(SPAN_BYTES),
      bounce: kernels.allocate(BOUNCE_BYTES),
      inflater: kernels.inflater,
    },
  };
}
