import type { ByteStream } from './byte-stream.js';
import { MAX_TEXT_BYTES, OPTION_MAGIC, OPTION_REPLY_MAGIC, REPLY } from './protocol.js';
import { printable, violation } from './violation.js';

const FIRST_ERROR = 0x8000_0000;
/** A number or two and a text. */
const MAX_REPLY_BYTES = MAX_TEXT_BYTES + 16;
/** A server tells a few facts of an export; more is no answer. */
const MAX_REPLIES = 64;

export interface OptionAnswer {
  /** `REPLY.ACK` or an error. */
  readonly end: number;
  /** The server's own words on an error; may be empty. */
  readonly message: string;
  readonly replies: ReadonlyArray<{ readonly type: number; readonly data: Buffer }>;
}

export function sendOption(stream: ByteStream, option: number, data: Buffer): void {
  const header = Buffer.alloc(16);
  header.writeBigUInt64BE(OPTION_MAGIC, 0);
  header.writeUInt32BE(option, 8);
  header.writeUInt32BE(data.length, 12);
  stream.send(Buffer.concat([header, data]));
}

/** Sends an option and collects the replies up to the last. Rejects with NBD_PROTOCOL or SOURCE_UNREADABLE. */
export async function askOption(stream: ByteStream, option: number, data: Buffer): Promise<OptionAnswer> {
  sendOption(stream, option, data);
  const replies: Array<{ type: number; data: Buffer }> = [];
  while (replies.length < MAX_REPLIES) {
    const header = await stream.take(20);
    if (header.readBigUInt64BE(0) !== OPTION_REPLY_MAGIC || header.readUInt32BE(8) !== option) {
      throw violation(stream.name, `no reply to option ${option}`);
    }
    const type = header.readUInt32BE(12);
    const length = header.readUInt32BE(16);
    if (length > MAX_REPLY_BYTES) throw violation(stream.name, `an option reply of ${length} bytes`);
    const body = await stream.take(length);
    if (type === REPLY.ACK) return { end: type, message: '', replies };
    if (type >= FIRST_ERROR) return { end: type, message: printable(body), replies };
    replies.push({ type, data: body });
  }
  throw violation(stream.name, `more than ${MAX_REPLIES} replies to option ${option}`);
}

/** A text with its length before it. */
export function counted(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
