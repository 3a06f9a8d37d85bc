import { createReadTools, INFLATE_SLACK, type ReadTools } from '../disk-image/index.js';
import type { ByteSource } from '../io/byte-source.js';
import { XenferryError } from '../model/errors.js';
import { SECTOR_BYTES } from '../model/units.js';

/** A stored grain's part of a read; all offsets in bytes. */
export interface GrainRead {
  /** Of the grain in the file; of its marker, where it has one. */
  readonly grain: number;
  /** Of the wanted part in the grain. */
  readonly within: number;
  /** Of the part in the target. */
  readonly at: number;
  readonly length: number;
  /** Of the grain in the extent. */
  readonly position: number;
}

/**
 * Reads grains that are stored as they are (ascending in the target). Neighbours that also lie side by side in the
 * file are read at once. Rejects with VMDK_TRUNCATED or SOURCE_*.
 */
export async function readPlainGrains(
  file: ByteSource,
  target: Buffer,
  grains: readonly GrainRead[],
): Promise<void> {
  const reads: Promise<void>[] = [];
  for (let first = 0; first < grains.length; ) {
    const run = grains[first];
    if (run === undefined) break;
    const start = run.grain + run.within;
    let length = run.length;
    let next = first + 1;
    for (let grain = grains[next]; grain !== undefined; grain = grains[++next]) {
      if (grain.at !== run.at + length || grain.grain + grain.within !== start + length) break;
      length += grain.length;
    }
    reads.push(file.read(target, run.at, length, start));
    first = next;
  }
  const outcomes = await Promise.allSettled(reads);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** LBA (8 bytes) and data size (4 bytes) before each grain ("Virtual Disk Format 1.1", Grain Marker). */
const MARKER_BYTES = 12;
/**
 * Reads deflated grains. The grains of a block mostly stand side by side, so their whole span is read at once
 * and inflated straight into the target.
 */
export class CompressedGrains {
  readonly #file: ByteSource;
  readonly #grainBytes: number;
  readonly #markers: boolean;

  constructor(file: ByteSource, grainBytes: number, markers: boolean) {
    this.#file = file;
    this.#grainBytes = grainBytes;
    this.#markers = markers;
  }

  /** Inflates `grains` (ascending in the target) into `target`, writing nothing at or past `limit`. */
  async read(target: Buffer, grains: readonly GrainRead[], limit: number, tools: ReadTools): Promise<void> {
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
    grains: readonly GrainRead[],
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
    grain: GrainRead,
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

  #markedSize(span: Buffer, spanLength: number, from: number, grain: GrainRead): number {
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

  #corrupt(grain: GrainRead, message: string): XenferryError {
    return new XenferryError('VMDK_GRAIN_CORRUPT', message, { file: this.#file.path, offset: grain.grain });
  }
}
