import type { BlockKernels } from '../block-kernels.js';
import { BlockRing } from '../block-ring.js';
import { openFormat } from '../formats/open-format.js';
import { unitCount } from '../unit-ranks.js';
import type { BlockSink, SinkSpec } from './block-sink.js';

/** Blocks handed over in disk order, as many ahead of the reader as the ring holds. */
export function ringSink(spec: SinkSpec & { kind: 'ring' }, kernels: BlockKernels): BlockSink {
  const format = openFormat(spec.format, kernels);
  const ring = BlockRing.attach(spec.ring);
  const unitsPerBlock = unitCount(format.allUnits);
  return {
    ranked: true,
    unitsOf: () => format.allUnits,
    write: (block, unitBits, rank, buffers) =>
      ring.put(rank / unitsPerBlock, format.encode(block, unitBits, buffers)),
    close: () => {},
  };
}
