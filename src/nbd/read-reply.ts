import type { ByteStream } from './byte-stream.js';
import { Coverage } from './coverage.js';
import { CHUNK } from './protocol.js';
import type { Reply } from './reply.js';
import { violation } from './violation.js';

const OFFSET_BYTES = 8;
const HOLE_BYTES = 12;

/** Bytes of the disk, received where the reader wants them. */
export class ReadReply implements Reply {
  readonly #target: Uint8Array;
  readonly #start: number;
  readonly #length: number;
  readonly #offset: number;
  readonly #structured: boolean;
  readonly #coverage = new Coverage();

  /** For `length` bytes of the disk from `offset`, to be put into `target` from `start` on. */
  constructor(target: Uint8Array, start: number, length: number, offset: number, structured: boolean) {
    this.#target = target;
    this.#start = start;
    this.#length = length;
    this.#offset = offset;
    this.#structured = structured;
  }

  get complete(): boolean {
    return this.#coverage.bytes === this.#length;
  }

  async simple(stream: ByteStream): Promise<void> {
    if (this.#structured) throw violation(stream.name, 'a simple reply to a read');
    this.#cover(0, this.#length, stream);
    await stream.fill(this.#target, this.#start, this.#length);
  }

  async chunk(type: number, length: number, stream: ByteStream): Promise<void> {
    if (type === CHUNK.OFFSET_DATA && length > OFFSET_BYTES) {
      const at = this.#place(await stream.take(OFFSET_BYTES));
      const count = length - OFFSET_BYTES;
      this.#cover(at, count, stream);
      await stream.fill(this.#target, this.#start + at, count);
    } else if (type === CHUNK.OFFSET_HOLE && length === HOLE_BYTES) {
      const hole = await stream.take(HOLE_BYTES);
      const at = this.#place(hole);
      const count = hole.readUInt32BE(OFFSET_BYTES);
      this.#cover(at, count, stream);
      this.#target.fill(0, this.#start + at, this.#start + at + count);
    } else {
      throw violation(stream.name, `a chunk of type ${type} with ${length} bytes for a read`);
    }
  }

  /** Where in the range that was asked for a chunk belongs. */
  #place(chunk: Buffer): number {
    return Number(chunk.readBigUInt64BE(0)) - this.#offset;
  }

  #cover(at: number, count: number, stream: ByteStream): void {
    const inside = at >= 0 && count > 0 && at + count <= this.#length;
    if (inside && this.#coverage.add(at, at + count)) return;
    throw violation(stream.name, `a chunk of ${count} bytes where none was asked for`);
  }
}
