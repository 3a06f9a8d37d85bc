import type { DiskImage, ReadBelow, VisitRange } from './disk-image.js';
import type { ReadTools } from './read-tools.js';

/** A snapshot or overlay on top of what it changes; the size is the upper one's. */
export class LayeredImage implements DiskImage {
  readonly byteLength: number;
  readonly format: string;
  readonly files: readonly string[];
  /** The upper layer may hide the lower one's data behind zeros. */
  readonly exactMap = false;
  /** The snapshot or overlay by itself. */
  readonly upper: DiskImage;
  readonly #lower: DiskImage;

  constructor(upper: DiskImage, lower: DiskImage) {
    this.byteLength = upper.byteLength;
    this.format = upper.format;
    this.files = [...upper.files, ...lower.files];
    this.upper = upper;
    this.#lower = lower;
  }

  /** Asked anew each time: damage shows itself as tables are read. */
  get notes(): readonly string[] {
    return [...this.upper.notes, ...this.#lower.notes];
  }

  /** First the upper layer's ranges, then the lower one's, whether hidden or not. */
  async visitRanges(visit: VisitRange): Promise<void> {
    await this.upper.visitRanges(visit);
    await this.#lower.visitRanges((start, end, content) => {
      if (start < this.byteLength) visit(start, Math.min(end, this.byteLength), content);
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
    await this.upper.read(target, at, offset, length, tools, async (into, start, from, count) => {
      const inside = Math.max(0, Math.min(count, this.#lower.byteLength - from));
      if (inside > 0) await this.#lower.read(into, start, from, inside, tools, below);
      into.fill(0, start + inside, start + count);
    });
  }

  close(): void {
    this.upper.close();
    this.#lower.close();
  }
}
