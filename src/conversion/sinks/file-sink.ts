import { PositionalWriter } from '../../io/positional-writer.js';
import type { BlockKernels } from '../block-kernels.js';
import { openFormat } from '../formats/open-format.js';
import type { BlockSink, SinkSpec } from './block-sink.js';

/** Blocks written side by side at their final places of a file. */
export function fileSink(spec: SinkSpec & { kind: 'file' }, kernels: BlockKernels): BlockSink {
  const format = openFormat(spec.format, kernels);
  const writer = PositionalWriter.open(spec.path);
  return {
    ranked: format.ranked,
    unitsOf: (block, data, isZero) => format.unitsOf(block, data, isZero),
    write: (block, unitBits, rank, buffers) =>
      writer.write(format.encode(block, unitBits, buffers), format.offsetOf(block, rank)),
    close: () => writer.close(),
  };
}
