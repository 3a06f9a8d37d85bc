import { BLOCK_BYTES } from '../../model/units.js';
import { clustersOfBlock, QCOW2_CLUSTER_BYTES, qcow2BlockOffset } from '../../qcow2/index.js';
import type { BlockFormat, FormatSpec } from './block-format.js';

/** Blocks of a qcow2 image, side by side in disk order behind all tables, the last one cut where the disk ends. */
export function qcow2Format(spec: FormatSpec & { kind: 'qcow2' }): BlockFormat {
  return {
    ranked: true,
    allUnits: 1,
    unitsOf: (_block, _data, isZero) => (isZero ? 0 : 1),
    encode: (block, _unitBits, buffers) => {
      const length = clustersOfBlock(spec.virtualBytes, block) * QCOW2_CLUSTER_BYTES;
      return [length < BLOCK_BYTES ? buffers.block.subarray(0, length) : buffers.block];
    },
    offsetOf: (_block, rank) => qcow2BlockOffset(spec, rank),
  };
}
