import { roundUp } from '../model/units.js';
import { BlockRing } from './block-ring.js';
import { type ConvertedDisk, convertDisk } from './convert-disk.js';
import type { DiskConversionOptions } from './disk-file.js';
import type { FormatSpec } from './formats/block-format.js';

export interface OrderedBlock {
  readonly block: number;
  /** As the format has it; valid until the next block is asked for. */
  readonly bytes: Buffer;
}

/**
 * Every allocated block in disk order, encoded by the threads a few blocks ahead of the reader. `onEnd` is told what
 * was found when all are taken. Ends with the conversion's error; returning early stops the conversion.
 */
export async function* orderedBlocks(
  conversion: Omit<DiskConversionOptions, 'capacityBytes'>,
  format: FormatSpec,
  largestBytes: number,
  onEnd: (converted: ConvertedDisk) => void,
): AsyncGenerator<OrderedBlock> {
  const slots = 2 * conversion.threads + 2;
  const ring = BlockRing.create(slots, roundUp(largestBytes, 4096));
  const stop = new AbortController();
  const signal = AbortSignal.any([
    stop.signal,
    ...(conversion.signal === undefined ? [] : [conversion.signal]),
  ]);
  signal.addEventListener('abort', () => ring.close());
  const converting = convertDisk({
    ...conversion,
    signal,
    sink: { kind: 'ring', ring: ring.memory, format },
    sync: async () => {},
  });
  const settled = converting.then(onEnd, () => ring.close());
  try {
    let sequence = 0;
    for (const [block, flag] of conversion.allocated.entries()) {
      if (flag === 0) continue;
      const bytes = await ring.take(sequence);
      if (bytes === null) break;
      yield { block, bytes };
      ring.release(sequence++);
    }
    await converting;
  } finally {
    stop.abort();
    await settled;
  }
}
