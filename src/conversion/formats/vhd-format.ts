import { blockOffset, encodeBlockPage } from '../../vhd/index.js';
import type { BlockFormat, FormatSpec } from './block-format.js';

/** Blocks of a dynamic or differencing VHD, side by side in disk order; the tables are written when all are known. */
export function vhdFormat(spec: FormatSpec & { kind: 'vhd' }): BlockFormat {
  return {
    ranked: true,
    allUnits: 1,
    unitsOf: (_block, _data, isZero) => (isZero && !spec.keepZeros ? 0 : 1),
    encode: (_block, _unitBits, { page, whole }) => {
      encodeBlockPage(page);
      return [whole];
    },
    offsetOf: (_block, rank) => blockOffset(spec, rank),
  };
}
