import { toXenferryError, XenferryError } from '../model/errors.js';
import type { ByteStream } from './byte-stream.js';
import {
  CHUNK,
  CHUNK_DONE,
  COMMAND,
  ERRNO,
  MAX_TEXT_BYTES,
  SIMPLE_MAGIC,
  STRUCTURED_MAGIC,
} from './protocol.js';
import type { Reply } from './reply.js';
import { encodeRequest } from './requests.js';
import { printable, violation } from './violation.js';

/** Of a simple reply's header, and of a structured one's up to its length. */
const SIMPLE_BYTES = 16;
const FIRST_ERROR = 0x8000;
/** Error number, length of the text, and for some types an offset. */
const ERROR_BYTES = 6;
const MAX_ERROR_BYTES = ERROR_BYTES + MAX_TEXT_BYTES + 8;

const ERROR_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(ERRNO).map(([name, number]) => [number, name]),
);

interface Pending {
  readonly reply: Reply;
  /** Byte of the disk, for errors. */
  readonly offset: number;
  readonly resolve: () => void;
  readonly reject: (error: XenferryError) => void;
  failure: XenferryError | null;
}

/** Requests in flight over one connection. What breaks the protocol ends the connection and all of them. */
export class Transmission {
  readonly #stream: ByteStream;
  readonly #structured: boolean;
  readonly #pending = new Map<bigint, Pending>();
  #lastCookie = 0n;
  #receiving = false;

  constructor(stream: ByteStream, structured: boolean) {
    this.#stream = stream;
    this.#structured = structured;
  }

  /**
   * Sends a request and has its answer taken by `reply`. Rejects with NBD_PROTOCOL, SOURCE_UNREADABLE, or CANCELED
   * after `close`; nothing is taken any more by then.
   */
  async request(command: number, offset: number, length: number, reply: Reply): Promise<void> {
    const cookie = ++this.#lastCookie;
    this.#stream.send(encodeRequest(command, cookie, offset, length));
    const answered = new Promise<void>((resolve, reject) => {
      this.#pending.set(cookie, { reply, offset, resolve, reject, failure: null });
    });
    if (!this.#receiving) void this.#receiveAll();
    await answered;
  }

  close(): void {
    const { name } = this.#stream;
    const reason = new XenferryError('CANCELED', 'the export was closed', { file: name });
    this.#stream.close(reason, encodeRequest(COMMAND.DISCONNECT, 0n, 0, 0));
  }

  async #receiveAll(): Promise<void> {
    this.#receiving = true;
    try {
      while (this.#pending.size > 0) await this.#receive();
    } catch (error) {
      const failure = toXenferryError(error);
      this.#stream.close(failure);
      for (const { reject } of this.#pending.values()) reject(failure);
      this.#pending.clear();
    }
    this.#receiving = false;
  }

  async #receive(): Promise<void> {
    const header = await this.#stream.take(SIMPLE_BYTES);
    const cookie = header.readBigUInt64BE(8);
    const pending = this.#pending.get(cookie);
    if (pending === undefined) throw violation(this.#stream.name, 'a reply to no request');
    switch (header.readUInt32BE(0)) {
      case SIMPLE_MAGIC:
        await this.#receiveSimple(header.readUInt32BE(4), pending);
        return this.#finish(cookie, pending);
      case STRUCTURED_MAGIC: {
        if (!this.#structured)
          throw violation(this.#stream.name, 'a structured reply that was not agreed on');
        const done = (header.readUInt16BE(4) & CHUNK_DONE) !== 0;
        await this.#receiveChunk(header.readUInt16BE(6), done, pending);
        return done ? this.#finish(cookie, pending) : undefined;
      }
      default:
        throw violation(this.#stream.name, 'something that is no reply');
    }
  }

  async #receiveSimple(error: number, pending: Pending): Promise<void> {
    if (error === 0) await pending.reply.simple(this.#stream);
    else pending.failure = this.#serverError(error, '', pending);
  }

  async #receiveChunk(type: number, done: boolean, pending: Pending): Promise<void> {
    const length = (await this.#stream.take(4)).readUInt32BE(0);
    if (type >= FIRST_ERROR) {
      pending.failure ??= await this.#receiveError(length, pending);
    } else if (type !== CHUNK.NONE) {
      await pending.reply.chunk(type, length, this.#stream);
    } else if (length !== 0 || !done) {
      throw violation(this.#stream.name, 'an empty chunk that is not the last');
    }
  }

  async #receiveError(length: number, pending: Pending): Promise<XenferryError> {
    if (length < ERROR_BYTES || length > MAX_ERROR_BYTES) {
      throw violation(this.#stream.name, `an error of ${length} bytes`);
    }
    const bytes = await this.#stream.take(length);
    const text = bytes.subarray(ERROR_BYTES, ERROR_BYTES + bytes.readUInt16BE(4));
    return this.#serverError(bytes.readUInt32BE(0), printable(text), pending);
  }

  #finish(cookie: bigint, { reply, failure, resolve, reject }: Pending): void {
    if (failure === null && !reply.complete) {
      throw violation(this.#stream.name, 'a reply that leaves out a part');
    }
    this.#pending.delete(cookie);
    if (failure === null) resolve();
    else reject(failure);
  }

  #serverError(number: number, text: string, { offset }: Pending): XenferryError {
    const reason = ERROR_NAMES.get(number) ?? `error ${number}`;
    const words = text === '' ? '' : `: ${text}`;
    return new XenferryError('SOURCE_UNREADABLE', `the server cannot read (${reason})${words}`, {
      file: this.#stream.name,
      offset,
    });
  }
}
