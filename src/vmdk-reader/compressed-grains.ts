import type { SourceFile } from '../io/source-file.js';
import { XenferryError } from '../model/errors.js';
import { BLOCK_BYTES, KIB, SECTOR_BYTES } from '../model/units.js';
import { createGrainInflater, INFLATE_SLACK } from './grain-inflater.js';

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
/** A block of incompressible grains with their markers, padding and the unknown length of the last fits. */
const SPAN_BYTES = BLOCK_BYTES + 512 * KIB;

/**
 * Reads deflated grains. The grains of a block mostly stand side by side, so their whole span is read at once
 * and inflated straight into the target.
 */
export class CompressedGrains {
  readonly #file: SourceFile;
  readonly #grainBytes: number;
  readonly #markers: boolean;
  readonly #inflater = createGrainInflater();
  /** Scratch buffers that are free; as many come to exist as reads overlap in time. */
  readonly #spans: Buffer[] = [];
  readonly #bounce: Buffer;

  constructor(file: SourceFile, grainBytes: number, markers: boolean) {
    this.#file = file;
    this.#grainBytes = grainBytes;
    this.#markers = markers;
    this.#bounce = Buffer.allocUnsafeSlow(grainBytes + INFLATE_SLACK);
  }

  /** Inflates `grains` (ascending in the target) into `target`, writing nothing at or past `limit`. */
  async read(target: Buffer, grains: readonly CompressedGrainRead[], limit: number): Promise<void> {
    const span = this.#spans.pop() ?? Buffer.allocUnsafeSlow(Math.max(SPAN_BYTES, 2 * this.#maxStoredBytes));
    try {
      for (let first = 0; first < grains.length; ) {
        const { start, length, next } = this.#nextSpan(grains, first, span.length);
        await this.#file.read(span, 0, length, start);
        for (const grain of grains.slice(first, next)) {
          this.#inflate(span.subarray(0, length), grain.grain - start, grain, target, limit);
        }
        first = next;
      }
    } finally {
      this.#spans.push(span);
    }
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

  #inflate(span: Buffer, from: number, grain: CompressedGrainRead, target: Buffer, limit: number): void {
    const header = this.#markers ? MARKER_BYTES : 0;
    const size = this.#markers ? this.#markedSize(span, from, grain) : span.length - from;
    const whole = grain.within === 0 && grain.length === this.#grainBytes;
    const direct = whole && grain.at + this.#grainBytes + INFLATE_SLACK <= limit;
    const into = direct ? target : this.#bounce;
    const at = direct ? grain.at : 0;
    const produced = this.#inflater.inflate(span, from + header, size, into, at, this.#grainBytes);
    if (produced === null || produced < grain.within + grain.length) {
      throw this.#corrupt(grain, `the grain of disk byte ${grain.position} does not inflate to its size`);
    }
    if (!direct) this.#bounce.copy(target, grain.at, grain.within, grain.within + grain.length);
  }

  #markedSize(span: Buffer, from: number, grain: CompressedGrainRead): number {
    if (from + MARKER_BYTES > span.length) throw this.#corrupt(grain, 'the file ends inside a grain marker');
    const position = Number(span.readBigUInt64LE(from)) * SECTOR_BYTES;
    if (position !== grain.position) {
      throw this.#corrupt(grain, `the grain is marked for disk byte ${position}, not ${grain.position}`);
    }
    const size = span.readUInt32LE(from + 8);
    if (size === 0 || from + MARKER_BYTES + size > span.length) {
      throw this.#corrupt(grain, `a compressed grain of ${size} bytes is out of range or cut off`);
    }
    return size;
  }

  #corrupt(grain: CompressedGrainRead, message: string): XenferryError {
    return new XenferryError('VMDK_GRAIN_CORRUPT', message, { file: this.#file.path, offset: grain.grain });
  }
}
