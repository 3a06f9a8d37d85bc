import { basename } from 'node:path';
import type { SourceFile } from '../io/source-file.js';
import { XenferryError } from '../model/errors.js';
import type { Extent, MarkRange } from './extent.js';

/** Byte ranges of a file that hold data, ascending; what is not in them are holes. */
export type DataRanges = (
  path: string,
) => Promise<ReadonlyArray<{ readonly start: number; readonly end: number }>>;

/** A raw part of a file: FLAT and VMFS extents, and raw images. */
export class FlatExtent implements Extent {
  readonly byteLength: number;
  readonly exactMap = false;
  readonly #file: SourceFile;
  readonly #base: number;
  readonly #dataRanges: DataRanges | undefined;

  /** `base`: byte offset of the extent in the file. Throws VMDK_TRUNCATED when the file is too short. */
  constructor(file: SourceFile, base: number, byteLength: number, dataRanges?: DataRanges) {
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

  async markAllocated(mark: MarkRange): Promise<void> {
    if (this.#dataRanges === undefined) {
      mark(0, this.byteLength);
      return;
    }
    for (const { start, end } of await this.#dataRanges(this.#file.path)) {
      const from = Math.max(0, start - this.#base);
      const to = Math.min(this.byteLength, end - this.#base);
      if (from < to) mark(from, to);
    }
  }

  read(target: Buffer, at: number, offset: number, length: number): Promise<void> {
    return this.#file.read(target, at, length, this.#base + offset);
  }

  close(): void {
    this.#file.close();
  }
}
