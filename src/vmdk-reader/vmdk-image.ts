import type { DiskImage, DiskLayer, ReadBelow, ReadTools, VisitRange } from '../disk-image/index.js';

/** A disk of one or more extents, one after the other. */
export class VmdkImage implements DiskImage {
  readonly byteLength: number;
  readonly format: string;
  readonly files: readonly string[];
  readonly exactMap: boolean;
  readonly #notes: () => readonly string[];
  readonly #parts: ReadonlyArray<{ readonly start: number; readonly extent: DiskLayer }>;

  /** `notes` is asked anew each time: damage shows itself as tables are read. */
  constructor(
    format: string,
    extents: readonly DiskLayer[],
    files: readonly string[],
    notes: () => readonly string[] = () => [],
  ) {
    this.format = format;
    this.files = files;
    this.exactMap = extents.every((extent) => extent.exactMap);
    this.#notes = notes;
    let start = 0;
    this.#parts = extents.map((extent) => {
      const part = { start, extent };
      start += extent.byteLength;
      return part;
    });
    this.byteLength = start;
  }

  get notes(): readonly string[] {
    return this.#notes();
  }

  async visitRanges(visit: VisitRange): Promise<void> {
    for (const { start, extent } of this.#parts) {
      await extent.visitRanges((from, to, content) => visit(start + from, start + to, content));
    }
  }

  async read(
    target: Buffer,
    at: number,
    offset: number,
    length: number,
    tools: ReadTools,
    below: ReadBelow,
  ): Promise<void> {
    const end = offset + length;
    for (const { start, extent } of this.#parts) {
      const from = Math.max(offset, start);
      const to = Math.min(end, start + extent.byteLength);
      if (from >= to) continue;
      await extent.read(
        target,
        at + from - offset,
        from - start,
        to - from,
        tools,
        (into, where, position, count) => below(into, where, start + position, count),
      );
    }
  }

  close(): void {
    for (const { extent } of this.#parts) extent.close();
  }
}
