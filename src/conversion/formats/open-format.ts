import type { BlockKernels } from '../block-kernels.js';
import type { BlockFormat, FormatSpec } from './block-format.js';
import { chunkedFormat } from './chunked-format.js';
import { qcow2Format } from './qcow2-format.js';
import { rawFormat } from './raw-format.js';
import { vhdFormat } from './vhd-format.js';
import { xvaFormat } from './xva-format.js';

/** The format as one thread uses it. */
export function openFormat(spec: FormatSpec, kernels: BlockKernels): BlockFormat {
  switch (spec.kind) {
    case 'vhd':
      return vhdFormat(spec);
    case 'raw':
      return rawFormat(spec);
    case 'chunked':
      return chunkedFormat(spec);
    case 'qcow2':
      return qcow2Format(spec);
    case 'xva':
      return xvaFormat(spec, kernels);
  }
}
