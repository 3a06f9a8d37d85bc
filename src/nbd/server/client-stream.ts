import type { Socket } from 'node:net';
import { XenferryError } from '../../model/errors.js';

/** Milliseconds after which a client is given up that takes nothing of what it asked for, or agrees on nothing. */
const STALL_LIMIT = 30_000;

/** A client's connection: what it sends is taken in order, what it gets is waited for until it is on its way. */
export class ClientStream {
  /** Whether it may be silent for as long as it likes. */
  patient = false;
  readonly #socket: Socket;
  readonly #pieces: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#pieces = socket[Symbol.asyncIterator]();
    // Whoever reads or writes is told as well.
    socket.on('error', () => {});
    socket.setTimeout(STALL_LIMIT, () => {
      if (!this.patient || socket.writableLength > 0) socket.destroy();
    });
  }

  /** The next bytes; for lengths that were checked. Rejects when the client hangs up first. */
  async take(length: number): Promise<Buffer> {
    while (this.#rest.length < length) await this.#receive();
    const bytes = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return bytes;
  }

  /** Passes over bytes, of which none are kept. Rejects as `take` does. */
  async skip(length: number): Promise<void> {
    let left = length;
    while (left > this.#rest.length) {
      left -= this.#rest.length;
      this.#rest = Buffer.alloc(0);
      await this.#receive();
    }
    this.#rest = this.#rest.subarray(left);
  }

  /** Sends parts as one message; they may be used again when it resolves. Rejects when the connection is gone. */
  async send(...parts: readonly Buffer[]): Promise<void> {
    const last = parts.length - 1;
    await new Promise<void>((resolve, reject) => {
      this.#socket.cork();
      for (const [index, part] of parts.entries()) {
        this.#socket.write(part, index < last ? undefined : (error) => (error ? reject(error) : resolve()));
      }
      this.#socket.uncork();
    });
  }

  /** Ends it when all that was sent is taken. */
  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  async #receive(): Promise<void> {
    const { done, value } = await this.#pieces.next();
    if (done === true) throw misbehaved('it hung up');
    this.#rest = this.#rest.length === 0 ? value : Buffer.concat([this.#rest, value]);
  }
}

/** Why a client loses its connection. */
export function misbehaved(message: string): XenferryError {
  return new XenferryError('NBD_PROTOCOL', `the client breaks the NBD protocol: ${message}`);
}
