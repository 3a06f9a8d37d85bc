import { blockOffset, encodeBlockPage, vhdLayout } from '../../vhd/index.js';
import type { BlockFormat, FormatSpec } from './block-format.js';

/** Blocks of a dynamic VHD, side by side in disk order; the tables are written when all blocks are known. */
export function vhdFormat({ capacityBytes }: FormatSpec & { kind: 'vhd' }): BlockFormat {
  const layout = vhdLayout(capacityBytes);
  return {
    ranked: true,
    allUnits: 1,
    unitsOf: (_block, _data, isZero) => (isZero ? 0 : 1),
    encode: (_block, _unitBits, { page, whole }) => {
      encodeBlockPage(page);
      return [whole];
    },
    offsetOf: (_block, rank) => blockOffset(layout, rank),
  };
}
