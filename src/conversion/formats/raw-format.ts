import { BLOCK_BYTES } from '../../model/units.js';
import type { BlockFormat, FormatSpec } from './block-format.js';

/** A raw image: each block at its own offset, the last one cut where the disk ends. */
export function rawFormat({ capacityBytes }: FormatSpec & { kind: 'raw' }): BlockFormat {
  return {
    ranked: false,
    allUnits: 1,
    unitsOf: (_block, _data, isZero) => (isZero ? 0 : 1),
    encode: (block, _unitBits, buffers) => {
      const length = capacityBytes - block * BLOCK_BYTES;
      return [length < BLOCK_BYTES ? buffers.block.subarray(0, length) : buffers.block];
    },
    offsetOf: (block) => block * BLOCK_BYTES,
  };
}
