import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { systemErrorCode, XenferryError } from '../model/errors.js';
import { KIB } from '../model/units.js';
import type { NbdTarget } from './nbd-uri.js';

const CONNECTION_HINT =
  'Check the server. Every thread connects for itself: start qemu-nbd with --shared=0 --persistent.';

/** Times in milliseconds. */
export interface Patience {
  readonly connect: number;
  /** Between two pieces of something that is waited for. */
  readonly idle: number;
}

interface Wanted {
  readonly target: Uint8Array;
  at: number;
  readonly end: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * A connection whose bytes are taken in order, by one taker at a time. What is waited for is received where it is
 * wanted; only what comes before somebody waits goes through a buffer, after which the connection is paused.
 */
export class ByteStream {
  /** How errors name the other side. */
  readonly name: string;
  readonly #socket: Socket;
  readonly #spare = Buffer.allocUnsafeSlow(64 * KIB);
  /** `#spare[from, to)` has come and was not taken yet. */
  #from = 0;
  #to = 0;
  #wanted: Wanted | null = null;
  #failure: XenferryError | null = null;

  private constructor({ address, shown }: NbdTarget) {
    this.name = shown;
    const onread = {
      buffer: () => this.#nextBuffer(),
      callback: (count: number, buffer: Uint8Array) => this.#receive(count, buffer),
    };
    this.#socket = connect({ ...address, noDelay: true, onread });
    this.#socket.on('error', (error) =>
      this.close(this.#lost(systemErrorCode(error) ?? error.message, error)),
    );
    this.#socket.on('end', () => this.close(this.#lost('the server closed it')));
    this.#socket.on('timeout', () => {
      if (this.#wanted !== null) this.close(this.#lost('no answer in time'));
    });
  }

  /** Rejects with SOURCE_UNREADABLE. */
  static async connect(target: NbdTarget, patience: Patience): Promise<ByteStream> {
    const stream = new ByteStream(target);
    const signal = AbortSignal.timeout(patience.connect);
    await once(stream.#socket, 'connect', { signal }).catch(() => {
      stream.close(stream.#lost('no connection in time'));
    });
    if (stream.#failure !== null) throw stream.#failure;
    stream.#socket.setTimeout(patience.idle);
    return stream;
  }

  /** Fills `target[start, start + length)` with the next bytes. Rejects with SOURCE_UNREADABLE or what `close` gave. */
  async fill(target: Uint8Array, start: number, length: number): Promise<void> {
    const end = start + length;
    const at = start + this.#takeSpare(target, start, end);
    if (at === end) return;
    if (this.#failure !== null) throw this.#failure;
    await new Promise<void>((resolve, reject) => {
      this.#wanted = { target, at, end, resolve, reject };
      this.#socket.resume();
    });
  }

  /** The next `length` bytes in a buffer of their own; for lengths that were checked. */
  async take(length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    await this.fill(bytes, 0, length);
    return bytes;
  }

  /** Throws what ended the connection. */
  send(bytes: Uint8Array): void {
    if (this.#failure !== null) throw this.#failure;
    this.#socket.write(bytes);
  }

  /**
   * Whoever waits is rejected with `reason` at once, and so is everybody later; harmless when called twice.
   * `farewell` is sent where the connection takes it without waiting.
   */
  close(reason: XenferryError, farewell?: Uint8Array): void {
    if (this.#failure !== null) return;
    this.#failure = reason;
    if (farewell !== undefined) this.#socket.write(farewell);
    this.#socket.destroy();
    this.#wanted?.reject(reason);
    this.#wanted = null;
  }

  #nextBuffer(): Uint8Array {
    const wanted = this.#wanted;
    return wanted === null ? this.#spare : wanted.target.subarray(wanted.at, wanted.end);
  }

  /** False pauses the connection until the next `fill`. */
  #receive(count: number, buffer: Uint8Array): boolean {
    const wanted = this.#wanted;
    if (buffer === this.#spare) {
      this.#from = 0;
      this.#to = count;
      if (wanted !== null) wanted.at += this.#takeSpare(wanted.target, wanted.at, wanted.end);
    } else if (wanted !== null) {
      wanted.at += count;
    }
    if (wanted === null || wanted.at < wanted.end) return wanted !== null;
    this.#wanted = null;
    wanted.resolve();
    return false;
  }

  #takeSpare(target: Uint8Array, start: number, end: number): number {
    const count = Math.min(end - start, this.#to - this.#from);
    target.set(this.#spare.subarray(this.#from, this.#from + count), start);
    this.#from += count;
    return count;
  }

  #lost(reason: string, cause?: unknown): XenferryError {
    return new XenferryError('SOURCE_UNREADABLE', `the connection failed (${reason})`, {
      file: this.name,
      cause,
      hint: CONNECTION_HINT,
    });
  }
}
