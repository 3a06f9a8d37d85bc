import { KIB } from '../model/units.js';
import { type ByteSource, readBytes } from './byte-source.js';

/** Reads up to this length are metadata, which stands close together. */
const SMALL_BYTES = 32 * KIB;
/** What is fetched for a small read, at a multiple of it. */
const WINDOW_BYTES = 256 * KIB;
/** Header, directory, and the tables of a few blocks in flight. */
const KEPT_WINDOWS = 8;

/** A source far away: what small reads need is fetched in larger pieces, of which the last few are kept. */
export class ReadAhead implements ByteSource {
  readonly path: string;
  readonly length: number;
  readonly #source: ByteSource;
  readonly #windows = new Map<number, Promise<Buffer>>();

  /** Takes `source` over. */
  constructor(source: ByteSource) {
    this.path = source.path;
    this.length = source.length;
    this.#source = source;
  }

  async read(target: Uint8Array, start: number, length: number, offset: number): Promise<void> {
    const end = offset + length;
    if (length >= SMALL_BYTES || end > this.length) {
      await this.#source.read(target, start, length, offset);
      return;
    }
    for (let at = offset; at < end; ) {
      const base = at - (at % WINDOW_BYTES);
      const part = (await this.#window(base)).subarray(at - base, end - base);
      target.set(part, start + at - offset);
      at += part.length;
    }
  }

  close(): void {
    this.#windows.clear();
    this.#source.close();
  }

  async #window(base: number): Promise<Buffer> {
    const known = this.#windows.get(base);
    const window = known ?? readBytes(this.#source, base, Math.min(WINDOW_BYTES, this.length - base));
    // The one used last is the last to go.
    this.#windows.delete(base);
    this.#windows.set(base, window);
    const [oldest] = this.#windows.keys();
    if (this.#windows.size > KEPT_WINDOWS && oldest !== undefined) this.#windows.delete(oldest);
    try {
      return await window;
    } catch (error) {
      this.#windows.delete(base);
      throw error;
    }
  }
}
