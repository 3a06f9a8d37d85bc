import { allocatedBlocks, type DiskImage, readDisk } from '../../disk-image/index.js';
import { BLOCK_BYTES, roundUp, SECTOR_BYTES } from '../../model/units.js';
import type { StatusRun } from '../status-reply.js';
import type { ReadSlots } from './read-slots.js';
import type { SourceHealth } from './source-health.js';

/** An image as an export. */
export class ServedDisk {
  /** Whole sectors, as QEMU wants them. */
  readonly byteLength: number;
  readonly #image: DiskImage;
  readonly #slots: ReadSlots;
  readonly #health: SourceHealth;
  #blocks: Promise<Uint8Array> | null = null;

  constructor(image: DiskImage, slots: ReadSlots, health: SourceHealth) {
    this.byteLength = roundUp(image.byteLength, SECTOR_BYTES);
    this.#image = image;
    this.#slots = slots;
    this.#health = health;
  }

  /**
   * Hands a range to `take` piece by piece, with what is left after each; the bytes are only lent. Rejects with what
   * `take` or the source rejects with.
   */
  async read(
    offset: number,
    length: number,
    take: (bytes: Buffer, at: number, left: number) => Promise<void>,
  ): Promise<void> {
    const end = offset + length;
    for (let at = offset; at < end; ) {
      const count = Math.min(end - at, BLOCK_BYTES - (at % BLOCK_BYTES));
      await this.#slots.with(async ({ buffer, tools }) => {
        await this.#health.guard(() => readDisk(this.#image, buffer, at, count, tools));
        await take(buffer.subarray(0, count), at, end - at - count);
      });
      at += count;
    }
  }

  /** Where a range may hold data and where it surely is zeros, by blocks. Rejects with what the source rejects with. */
  async runs(offset: number, length: number): Promise<StatusRun[]> {
    // Most who read a guest never ask, and it costs all of the disk's tables.
    this.#blocks ??= this.#health.guard(() => allocatedBlocks(this.#image));
    const blocks = await this.#blocks;
    const end = offset + length;
    const runs: Array<{ length: number; zeros: boolean }> = [];
    for (let at = offset; at < end; ) {
      const block = Math.floor(at / BLOCK_BYTES);
      const count = Math.min(end, (block + 1) * BLOCK_BYTES) - at;
      const zeros = blocks[block] === 0;
      const last = runs.at(-1);
      if (last?.zeros === zeros) last.length += count;
      else runs.push({ length: count, zeros });
      at += count;
    }
    return runs;
  }
}
