import type { ArchiveBytes } from './chunk-reader.js';
import { CHUNK_STRIDE } from './layout.js';

/** Bytes that come in order, for a reader that goes forward and back by one chunk at most. */
export class ForwardBytes implements ArchiveBytes {
  readonly #pieces: AsyncIterator<Buffer>;
  /** What was read last: it ends at `#position`. */
  readonly #kept = Buffer.alloc(CHUNK_STRIDE);
  #position = 0;
  #piece: Buffer = Buffer.alloc(0);

  constructor(pieces: AsyncIterable<Buffer>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** One call at a time. Rejects as the pieces do, and for an offset that lies further back. */
  async read(target: Buffer, offset: number): Promise<number> {
    let done = this.#copyKept(target, offset);
    while (this.#position < offset) {
      if ((await this.#take(Buffer.alloc(Math.min(offset - this.#position, CHUNK_STRIDE)))) === 0) return 0;
    }
    while (done < target.length) {
      const count = await this.#take(target.subarray(done));
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  /** Reads to the end, so that whoever makes the bytes can judge them as a whole. Rejects as the pieces do. */
  async drain(): Promise<void> {
    while ((await this.#pieces.next()).done !== true);
  }

  close(): void {
    // How they end no longer matters.
    this.#pieces.return?.().catch(() => {});
  }

  #copyKept(target: Buffer, offset: number): number {
    const back = this.#position - offset;
    if (back <= 0) return 0;
    if (back > Math.min(this.#kept.length, this.#position)) throw new RangeError(`${offset} has gone by`);
    const start = this.#kept.length - back;
    return this.#kept.copy(target, 0, start, Math.min(start + target.length, this.#kept.length));
  }

  /** Some of what comes next; 0 at the end. */
  async #take(target: Buffer): Promise<number> {
    while (this.#piece.length === 0) {
      const { done, value } = await this.#pieces.next();
      if (done === true) return 0;
      this.#piece = value;
    }
    const count = this.#piece.copy(target);
    const taken = this.#piece.subarray(0, count);
    this.#piece = this.#piece.subarray(count);
    this.#position += count;
    this.#kept.copyWithin(0, Math.min(count, this.#kept.length));
    taken
      .subarray(Math.max(0, count - this.#kept.length))
      .copy(this.#kept, Math.max(0, this.#kept.length - count));
    return count;
  }
}
