import type { ByteStream } from './byte-stream.js';

/** What a request expects; methods take the payload from the stream and throw NBD_PROTOCOL for a wrong one. */
export interface Reply {
  /** Takes what follows a simple reply without an error. */
  simple(stream: ByteStream): Promise<void>;
  /** Takes the payload of a structured reply's chunk, of `length` bytes, which may be any number. */
  chunk(type: number, length: number, stream: ByteStream): Promise<void>;
  /** Whether all that was asked for has come. */
  readonly complete: boolean;
}
