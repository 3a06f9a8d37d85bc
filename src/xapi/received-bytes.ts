import type { OnReadOpts, Socket } from 'node:net';
import { KIB, MIB } from '../model/units.js';

/** TLS gives 16 KiB at a time, and each would cost several turns of the event loop. */
const PIECE_BYTES = MIB;
const READ_BYTES = 64 * KIB;
const MAX_HEAD_BYTES = 16 * KIB;
const HEAD_END = '\r\n\r\n';

/**
 * What comes over one connection, in pieces of 1 MiB. The connection reads into one memory again and again (`onread`):
 * a stream would make a Buffer and an event of each 16 KiB, which takes twice as long as TLS itself.
 */
export class ReceivedBytes {
  /** What the connection is made with. */
  readonly onread: OnReadOpts = {
    buffer: Buffer.allocUnsafeSlow(READ_BYTES),
    callback: (count, memory) => this.#add(memory.subarray(0, count)),
  };
  readonly #piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  #filled = 0;
  /** What came after the piece was full: a few more reads, which were decrypted already. */
  #over: Uint8Array[] = [];
  /** So many bytes are waited for. */
  #enough = PIECE_BYTES;
  #wake = () => {};
  #ended = false;
  #failure: Error | undefined;
  #socket: Socket | undefined;

  /** Must be called as soon as the connection is there. */
  attach(socket: Socket): void {
    this.#socket = socket;
    const end = () => {
      this.#ended = true;
      this.#wake();
    };
    socket
      .on('error', (error) => {
        this.#failure = error;
        end();
      })
      .on('end', end)
      .on('close', end)
      .on('timeout', () =>
        this.close(Object.assign(new Error('nothing came in time'), { code: 'ETIMEDOUT' })),
      )
      .resume();
  }

  /** From now on silence for so many milliseconds ends the connection; 0: no silence does. */
  watchIdle(milliseconds: number): void {
    this.#socket?.setTimeout(milliseconds);
  }

  /** The head of an answer of HTTP, without what ends it. Rejects when none comes. */
  async head(): Promise<string> {
    for (;;) {
      const at = this.#piece.subarray(0, this.#filled).indexOf(HEAD_END);
      if (at >= 0) {
        const body = Buffer.from(this.#piece.subarray(at + HEAD_END.length, this.#filled));
        this.#over.unshift(body);
        return this.#piece.toString('latin1', 0, at);
      }
      if (this.#ended || this.#filled > MAX_HEAD_BYTES) {
        throw this.#failure ?? Object.assign(new Error('no answer'), { code: 'ECONNRESET' });
      }
      await this.#until(this.#filled + 1);
    }
  }

  /** What comes next, valid until the next call; null at the end. Rejects with what the connection fails with. */
  async next(): Promise<Buffer | null> {
    const over = this.#over;
    this.#over = [];
    this.#filled = 0;
    for (const bytes of over) this.#add(bytes);
    if (this.#filled < PIECE_BYTES) {
      this.#socket?.resume();
      await this.#until(PIECE_BYTES);
    }
    if (this.#failure !== undefined) throw this.#failure;
    return this.#filled === 0 ? null : this.#piece.subarray(0, this.#filled);
  }

  close(reason?: Error): void {
    this.#socket?.destroy(reason);
  }

  /** Whether more may come at once. */
  #add(bytes: Uint8Array): boolean {
    const taken = Math.min(bytes.length, PIECE_BYTES - this.#filled);
    this.#piece.set(bytes.subarray(0, taken), this.#filled);
    this.#filled += taken;
    // The memory is read into again.
    if (taken < bytes.length) this.#over.push(Buffer.from(bytes.subarray(taken)));
    if (this.#filled >= this.#enough) this.#wake();
    return this.#filled < PIECE_BYTES;
  }

  async #until(enough: number): Promise<void> {
    this.#enough = enough;
    while (this.#filled < enough && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
