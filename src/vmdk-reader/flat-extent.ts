import { basename } from 'node:path';
import type { DiskLayer, VisitRange } from '../disk-image/index.js';
import type { ByteSource } from '../io/byte-source.js';
import { XenferryError } from '../model/errors.js';

/** Byte ranges of a source that hold data, ascending; what is not in them are holes. */
export type DataRanges = (
  source: ByteSource,
) => Promise<ReadonlyArray<{ readonly start: number; readonly end: number }>>;

/** A raw part of a file: FLAT and VMFS extents, and raw images. */
export class FlatExtent implements DiskLayer {
  readonly byteLength: number;
  readonly exactMap = false;
  readonly #file: ByteSource;
  readonly #base: number;
  readonly #dataRanges: DataRanges | undefined;

  /** `base`: byte offset of the extent in the file. Throws VMDK_TRUNCATED when the file is too short. */
  constructor(file: ByteSource, base: number, byteLength: number, dataRanges?: DataRanges) {
    if (base + byteLength > file.length) {
      throw new XenferryError(
        'VMDK_TRUNCATED',
        `${basename(file.path)} has ${file.length} bytes, ${base + byteLength} expected`,
        {
          file: file.path,
          offset: file.length,
        },
      );
    }
    this.#file = file;
    this.#base = base;
    this.byteLength = byteLength;
    this.#dataRanges = dataRanges;
  }

  async visitRanges(visit: VisitRange): Promise<void> {
    if (this.#dataRanges === undefined) {
      visit(0, this.byteLength, 'data');
      return;
    }
    let end = 0;
    for (const range of await this.#dataRanges(this.#file)) {
      const from = Math.max(end, range.start - this.#base);
      const to = Math.min(this.byteLength, range.end - this.#base);
      if (from >= to) continue;
      if (end < from) visit(end, from, 'zeros');
      visit(from, to, 'data');
      end = to;
    }
    if (end < this.byteLength) visit(end, this.byteLength, 'zeros');
  }

  read(target: Buffer, at: number, offset: number, length: number): Promise<void> {
    return this.#file.read(target, at, length, this.#base + offset);
  }

  close(): void {
    this.#file.close();
  }
}

/** An extent of zeros, without a file. It hides what lies below. */
export function zeroExtent(byteLength: number): DiskLayer {
  return {
    byteLength,
    exactMap: true,
    visitRanges: async (visit) => visit(0, byteLength, 'zeros'),
    read: async (target, at, _offset, length) => {
      target.fill(0, at, at + length);
    },
    close: () => {},
  };
}
