/** Requests of the transmission phase (the NBD project's doc/proto.md, Request message). */
export const COMMAND = { READ: 0, DISCONNECT: 2, BLOCK_STATUS: 7 } as const;

const REQUEST_MAGIC = 0x2560_9513;

/** `cookie` comes back with the reply; `offset` and `length` in bytes. */
export function encodeRequest(command: number, cookie: bigint, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(28);
  bytes.writeUInt32BE(REQUEST_MAGIC, 0);
  bytes.writeUInt16BE(command, 6);
  bytes.writeBigUInt64BE(cookie, 8);
  bytes.writeBigUInt64BE(BigInt(offset), 16);
  bytes.writeUInt32BE(length, 24);
  return bytes;
}
