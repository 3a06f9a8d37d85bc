import { PositionalWriter } from '../../io/positional-writer.js';
import { blockOffset, encodeBlockPage, vhdLayout } from '../../vhd/index.js';
import type { BlockSink, SinkSpec } from './sink.js';

/** Blocks of a dynamic VHD, side by side in disk order; the tables are written when all blocks are known. */
export function vhdSink(spec: SinkSpec & { kind: 'vhd' }): BlockSink {
  const layout = vhdLayout(spec.capacityBytes);
  const writer = PositionalWriter.open(spec.path, true);
  return {
    ranked: true,
    unitsOf: (_block, _data, isZero) => (isZero ? 0 : 1),
    write: async (_block, _unitBits, rank, { page, whole }) => {
      encodeBlockPage(page);
      await writer.write(whole, blockOffset(layout, rank));
    },
    close: () => writer.close(),
  };
}
