import type { BlockKernels } from '../block-kernels.js';
import type { BlockSink, SinkSpec } from './block-sink.js';
import { fileSink } from './file-sink.js';
import { nullSink } from './null-sink.js';
import { ringSink } from './ring-sink.js';

/** A sink as one thread sees it. Throws TARGET_UNWRITABLE. */
export function openSink(spec: SinkSpec, kernels: BlockKernels): BlockSink {
  switch (spec.kind) {
    case 'null':
      return nullSink;
    case 'file':
      return fileSink(spec, kernels);
    case 'ring':
      return ringSink(spec, kernels);
  }
}
