import type { SourceFile } from '../io/source-file.js';
import { XenferryError } from '../model/errors.js';
import { SECTOR_BYTES } from '../model/units.js';
import { INFLATE_SLACK } from './grain-inflater.js';
import { createReadTools, type ReadTools } from './read-tools.js';

/** A stored grain's part of a read; all offsets in bytes. */
interface CompressedGrainRead {
  /** Of the grain's marker in the file. */
  readonly grain: number;
  /** Of the wanted part in the inflated grain. */
  readonly within: number;
  /** Of the part in the target. */
  readonly at: number;
  readonly length: number;
  /** Of the grain in the extent. */
  readonly position: number;
}

/** LBA (8 bytes) and data size (4 bytes) before each grain ("Virtual Disk Format 1.1", Grain Marker). */
const MARKER_BYTES = 12;
/**
 * Reads deflated grains. The grains of a block mostly stand side by side, so their whole span is read at once
 * and inflated straight into the target.
 */
export class CompressedGrains {
  readonly #file: SourceFile;
  readonly #grainBytes: number;
  readonly #markers: boolean;

  constructor(file: SourceFile, grainBytes: number, markers: boolean) {
    this.#file = file;
    this.#grainBytes = grainBytes;
    this.#markers = markers;
  }

  /** Inflates `grains` (ascending in the target) into `target`, writing nothing at or past `limit`. */
  async read(
    target: Buffer,
    grains: readonly CompressedGrainRead[],
    limit: number,
    tools: ReadTools,
  ): Promise<void> {
    const fitting = this.#fits(tools) ? tools : createReadTools(this.#grainBytes);
    const { span } = fitting;
    for (let first = 0; first < grains.length; ) {
      const { start, length, next } = this.#nextSpan(grains, first, span.length);
      await this.#file.read(span, 0, length, start);
      for (const grain of grains.slice(first, next)) {
        this.#inflate(fitting, length, grain.grain - start, grain, target, limit);
      }
      first = next;
    }
  }

  /** Grains above 64 KiB, which no VMware product writes, get tools of their own. */
  #fits({ span, bounce }: ReadTools): boolean {
    return bounce.length >= this.#grainBytes + INFLATE_SLACK && span.length >= this.#maxStoredBytes;
  }

  get #maxStoredBytes(): number {
    return MARKER_BYTES + 2 * this.#grainBytes;
  }

  /** As many grains from `first` on as one read of `room` bytes covers. */
  #nextSpan(
    grains: readonly CompressedGrainRead[],
    first: number,
    room: number,
  ): { start: number; length: number; next: number } {
    let low = Number.POSITIVE_INFINITY;
    let high = 0;
    let next = first;
    for (let grain = grains[next]; grain !== undefined; grain = grains[++next]) {
      const newLow = Math.min(low, grain.grain);
      const newHigh = Math.max(high, grain.grain);
      if (newHigh - newLow + this.#maxStoredBytes > room) break;
      low = newLow;
      high = newHigh;
    }
    return { start: low, length: Math.min(high + this.#maxStoredBytes, this.#file.length) - low, next };
  }

  #inflate(
    { span, bounce, inflater }: ReadTools,
    spanLength: number,
    from: number,
    grain: CompressedGrainRead,
    target: Buffer,
    limit: number,
  ): void {
    const header = this.#markers ? MARKER_BYTES : 0;
    const size = this.#markers ? this.#markedSize(span, spanLength, from, grain) : spanLength - from;
    const whole = grain.within === 0 && grain.length === this.#grainBytes;
    const direct = whole && grain.at + this.#grainBytes + INFLATE_SLACK <= limit;
    const into = direct ? target : bounce;
    const at = direct ? grain.at : 0;
    const produced = inflater.inflate(span, from + header, size, into, at, this.#grainBytes);
    if (produced === null || produced < grain.within + grain.length) {
      throw this.#corrupt(grain, `the grain of disk byte ${grain.position} does not inflate to its size`);
    }
    if (!direct) bounce.copy(target, grain.at, grain.within, grain.within + grain.length);
  }

  #markedSize(span: Buffer, spanLength: number, from: number, grain: CompressedGrainRead): number {
    if (from + MARKER_BYTES > spanLength) throw this.#corrupt(grain, 'the file ends inside a grain marker');
    const position = Number(span.readBigUInt64LE(from)) * SECTOR_BYTES;
    if (position !== grain.position) {
      throw this.#corrupt(grain, `the grain is marked for disk byte ${position}, not ${grain.position}`);
    }
    const size = span.readUInt32LE(from + 8);
    if (size === 0 || from + MARKER_BYTES + size > spanLength) {
      throw this.#corrupt(grain, `a compressed grain of ${size} bytes is out of range or cut off`);
    }
    return size;
  }

  #corrupt(grain: CompressedGrainRead, message: string): XenferryError {
    return new XenferryError('VMDK_GRAIN_CORRUPT', message, { file: this.#file.path, offset: grain.grain });
  }
}
