import { BLOCK_BYTES } from '../model/units.js';
import type { DiskImage, ReadBelow, VisitRange } from './disk-image.js';
import type { ReadTools } from './read-tools.js';

/** A disk of which somebody who knows better than the image says what is allocated: elsewhere it is zeros. */
export class ThinImage implements DiskImage {
  readonly byteLength: number;
  readonly exactMap: boolean;
  readonly format: string;
  readonly files: readonly string[];
  readonly #image: DiskImage;
  readonly #allocated: Uint8Array;

  /** `allocated`: one byte per 2 MiB block, 0 where nothing is. */
  constructor(image: DiskImage, allocated: Uint8Array) {
    this.byteLength = image.byteLength;
    this.exactMap = image.exactMap;
    this.format = image.format;
    this.files = image.files;
    this.#image = image;
    this.#allocated = allocated;
  }

  get notes(): readonly string[] {
    return this.#image.notes;
  }

  async visitRanges(visit: VisitRange): Promise<void> {
    await this.#image.visitRanges((start, end, content) => {
      for (let at = start; at < end; ) {
        const next = Math.min(end, this.#endOfRun(at, end));
        if (this.#isAllocated(at)) visit(at, next, content);
        at = next;
      }
    });
  }

  async read(
    target: Buffer,
    at: number,
    offset: number,
    length: number,
    tools: ReadTools,
    below: ReadBelow,
  ): Promise<void> {
    await this.#image.read(target, at, offset, length, tools, below);
  }

  close(): void {
    this.#image.close();
  }

  #isAllocated(offset: number): boolean {
    return this.#allocated[Math.floor(offset / BLOCK_BYTES)] !== 0;
  }

  /** Where the blocks end, up to `end`, that are all allocated as the one at `offset`, or all not. */
  #endOfRun(offset: number, end: number): number {
    let next = (Math.floor(offset / BLOCK_BYTES) + 1) * BLOCK_BYTES;
    while (next < end && this.#isAllocated(next) === this.#isAllocated(offset)) next += BLOCK_BYTES;
    return next;
  }
}
