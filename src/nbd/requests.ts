import { REQUEST_BYTES, REQUEST_MAGIC } from './protocol.js';

/** A request of the transmission phase (doc/proto.md, Request message). `cookie` comes back with the reply; `offset` and `length` in bytes. */
export function encodeRequest(command: number, cookie: bigint, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(REQUEST_BYTES);
  bytes.writeUInt32BE(REQUEST_MAGIC, 0);
  bytes.writeUInt16BE(command, 6);
  bytes.writeBigUInt64BE(cookie, 8);
  bytes.writeBigUInt64BE(BigInt(offset), 16);
  bytes.writeUInt32BE(length, 24);
  return bytes;
}
