import { BLOCK_BYTES } from '../../model/units.js';
import { CHUNK_BYTES, CHUNK_STRIDE, ChunkHeaders, TAR_RECORD_BYTES } from '../../xva/index.js';
import type { BlockKernels } from '../block-kernels.js';
import { chunkChecksum } from '../checksums.js';
import type { LaneBuffers } from '../lane-buffers.js';
import type { BlockFormat, FormatSpec } from './block-format.js';

const CHUNKS_PER_BLOCK = BLOCK_BYTES / CHUNK_BYTES;
const CHECKSUM_BYTES = 2 * TAR_RECORD_BYTES;

/**
 * Chunks of one disk of an XVA, side by side in disk order, each between its tar records.
 * The first and the last chunk are stored even when they are zeros: the importer relies on them.
 */
export function xvaFormat(spec: FormatSpec & { kind: 'xva' }, kernels: BlockKernels): BlockFormat {
  const headers = new ChunkHeaders(spec.diskId, spec.checksum);
  return {
    ranked: true,
    allUnits: (1 << CHUNKS_PER_BLOCK) - 1,
    unitsOf: (block, data, isZero) => {
      let bits = 0;
      for (let unit = 0; unit < CHUNKS_PER_BLOCK; unit++) {
        const counter = block * CHUNKS_PER_BLOCK + unit;
        if (counter >= spec.chunks) break;
        const forced = counter === 0 || counter === spec.chunks - 1;
        if (forced || (!isZero && !kernels.isZero(chunkOf(data, unit)))) bits |= 1 << unit;
      }
      return bits;
    },
    encode: (block, unitBits, buffers) => {
      const parts: Buffer[] = [];
      for (let unit = 0; unit < CHUNKS_PER_BLOCK; unit++) {
        if ((unitBits & (1 << unit)) === 0) continue;
        const { before, after } = recordsOf(buffers, unit);
        const chunk = chunkOf(buffers.block, unit);
        const counter = block * CHUNKS_PER_BLOCK + unit;
        headers.writeDataHeader(counter, before, 0);
        headers.writeChecksum(counter, chunkChecksum(spec.checksum, chunk, kernels), after, 0);
        parts.push(before, chunk, after);
      }
      return parts;
    },
    offsetOf: (_block, rank) => spec.baseOffset + rank * CHUNK_STRIDE,
  };
}

function chunkOf(block: Buffer, unit: number): Buffer {
  return block.subarray(unit * CHUNK_BYTES, (unit + 1) * CHUNK_BYTES);
}

/** The tar records around a chunk live in the lane's page: three records for each of its two chunks. */
function recordsOf({ page }: LaneBuffers, unit: number): { before: Buffer; after: Buffer } {
  const start = unit * (TAR_RECORD_BYTES + CHECKSUM_BYTES);
  return {
    before: page.subarray(start, start + TAR_RECORD_BYTES),
    after: page.subarray(start + TAR_RECORD_BYTES, start + TAR_RECORD_BYTES + CHECKSUM_BYTES),
  };
}
