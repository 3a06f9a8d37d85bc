import type { ByteSource } from './byte-source.js';

/** Several sources read as one, each following the one before. */
export class JoinedSource implements ByteSource {
  readonly path: string;
  readonly length: number;
  readonly #parts: ReadonlyArray<{ readonly start: number; readonly source: ByteSource }>;

  /** Named after its first part; there must be one. */
  constructor(parts: readonly ByteSource[]) {
    const [first] = parts;
    if (first === undefined) throw new RangeError('nothing to join');
    this.path = first.path;
    let start = 0;
    this.#parts = parts.map((source) => {
      const part = { start, source };
      start += source.length;
      return part;
    });
    this.length = start;
  }

  async read(target: Uint8Array, start: number, length: number, offset: number): Promise<void> {
    const end = offset + length;
    const last = this.#parts.at(-1);
    for (const part of this.#parts) {
      const from = Math.max(offset, part.start);
      // What lies past the end is asked of the last part, which refuses it.
      const to = part === last ? end : Math.min(end, part.start + part.source.length);
      if (from < to) await part.source.read(target, start + from - offset, to - from, from - part.start);
    }
  }

  close(): void {
    for (const { source } of this.#parts) source.close();
  }
}
