import { PositionalWriter } from '../../io/positional-writer.js';
import { BLOCK_BYTES } from '../../model/units.js';
import type { BlockSink, SinkSpec } from './sink.js';

/** A sparse raw image: each block at its own offset. */
export function rawSink(spec: SinkSpec & { kind: 'raw' }): BlockSink {
  const whole = PositionalWriter.open(spec.path, true);
  const tail = PositionalWriter.open(spec.path, false);
  return {
    ranked: false,
    unitsOf: (_block, _data, isZero) => (isZero ? 0 : 1),
    write: async (block, _unitBits, _rank, buffers) => {
      const offset = block * BLOCK_BYTES;
      const length = Math.min(BLOCK_BYTES, spec.capacityBytes - offset);
      if (length === BLOCK_BYTES) await whole.write(buffers.block, offset);
      else await tail.write(buffers.block.subarray(0, length), offset);
    },
    close: () => {
      whole.close();
      tail.close();
    },
  };
}
