import { BLOCK_BYTES } from '../model/units.js';
import { type DiskImage, type DiskLayer, type ReadBelow, readDisk, type VisitRange } from './disk-image.js';
import type { ReadTools } from './read-tools.js';

/**
 * A disk that is read from what an earlier conversion made of it, but for the blocks that have changed since. What it
 * holds is what the disk holds: its map costs nothing else.
 */
export class PatchedImage implements DiskImage {
  readonly byteLength: number;
  readonly format: string;
  readonly files: readonly string[];
  readonly exactMap: boolean;
  readonly #image: DiskImage;
  readonly #made: DiskLayer;
  readonly #changed: Uint8Array;

  /** `changed`: one byte per 2 MiB block, 1 for those that are `image`'s. */
  constructor(image: DiskImage, made: DiskLayer, changed: Uint8Array) {
    this.byteLength = image.byteLength;
    this.format = image.format;
    this.files = image.files;
    this.exactMap = image.exactMap;
    this.#image = image;
    this.#made = made;
    this.#changed = changed;
  }

  get notes(): readonly string[] {
    return this.#image.notes;
  }

  async visitRanges(visit: VisitRange): Promise<void> {
    await this.#image.visitRanges(visit);
  }

  async read(
    target: Buffer,
    at: number,
    offset: number,
    length: number,
    tools: ReadTools,
    below: ReadBelow,
  ): Promise<void> {
    for (let done = 0; done < length; ) {
      const from = offset + done;
      const block = Math.floor(from / BLOCK_BYTES);
      const count = Math.min(length - done, (block + 1) * BLOCK_BYTES - from);
      const start = at + done;
      if (this.#changed[block] === 1) await this.#image.read(target, start, from, count, tools, below);
      else await readDisk(this.#made, target.subarray(start, start + count), from, count, tools);
      done += count;
    }
  }

  close(): void {
    this.#image.close();
    this.#made.close();
  }
}
