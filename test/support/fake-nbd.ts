import { createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { listen } from './range-server.js';

/** How a made-up NBD server behaves where it matters; elsewhere as a sound one with structured replies. */
export interface FakeNbd {
  /** First bytes; its own magic numbers and flags when left out. */
  readonly greeting?: Buffer;
  /** The whole reply to an option, or nothing for the sound one. */
  readonly option?: (option: number) => Buffer | undefined;
  /** The option that ends the handshake; GO when left out. */
  readonly lastOption?: number;
  /** What is sent for a request. */
  readonly request?: (request: FakeRequest) => Buffer;
}

export interface FakeRequest {
  readonly command: number;
  readonly cookie: Buffer;
  readonly offset: number;
  readonly length: number;
}

export const FAKE_BYTES = 1024 * 1024;
/** The number the sound server gives to base:allocation. */
export const FAKE_CONTEXT = 7;

const ACK = 1;

/** Serves one made-up export until the test ends; its URI. */
export async function fakeNbd(behaviour: FakeNbd): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    void converse(socket, behaviour).catch(() => socket.destroy());
  });
  const port = await listen(server);
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `nbd://127.0.0.1:${port}/fake`;
}

export function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function uint64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

export function optionReply(option: number, type: number, data: Buffer = Buffer.alloc(0)): Buffer {
  const magic = uint64(0x3e889045565a9n);
  return Buffer.concat([magic, uint32(option), uint32(type), uint32(data.length), data]);
}

/** `length` is announced; by default it is the payload's. */
export function chunk(
  { cookie }: FakeRequest,
  flags: number,
  type: number,
  payload: Buffer = Buffer.alloc(0),
  length: number = payload.length,
): Buffer {
  const magic = uint32(0x668e33ef);
  return Buffer.concat([magic, uint16(flags), uint16(type), cookie, uint32(length), payload]);
}

export function simpleReply({ cookie }: FakeRequest, data: Buffer): Buffer {
  return Buffer.concat([uint32(0x67446698), uint32(0), cookie, data]);
}

/** Information about the export: its size, and maybe the sizes of blocks. */
export function goReply(size: number | bigint, blocks?: readonly [number, number, number]): Buffer {
  const sizes = blocks === undefined ? [] : [uint16(3), ...blocks.map(uint32)];
  return Buffer.concat([
    optionReply(7, 3, Buffer.concat([uint16(0), uint64(size), uint16(1)])),
    ...(sizes.length === 0 ? [] : [optionReply(7, 3, Buffer.concat(sizes))]),
    optionReply(7, ACK),
  ]);
}

async function converse(socket: Socket, behaviour: FakeNbd): Promise<void> {
  const take = taker(socket);
  socket.write(behaviour.greeting ?? Buffer.from('NBDMAGICIHAVEOPT\0\x03', 'latin1'));
  await take(4);
  for (let option = 0; option !== (behaviour.lastOption ?? 7); ) {
    const header = await take(16);
    option = header.readUInt32BE(8);
    await take(header.readUInt32BE(12));
    socket.write(behaviour.option?.(option) ?? soundReply(option));
  }
  for (;;) {
    const bytes = await take(28);
    const request = {
      command: bytes.readUInt16BE(6),
      cookie: bytes.subarray(8, 16),
      offset: Number(bytes.readBigUInt64BE(16)),
      length: bytes.readUInt32BE(24),
    };
    socket.write(behaviour.request?.(request) ?? Buffer.alloc(0));
  }
}

function soundReply(option: number): Buffer {
  if (option === 7) return goReply(FAKE_BYTES);
  if (option !== 10) return optionReply(option, ACK);
  const context = Buffer.concat([uint32(FAKE_CONTEXT), Buffer.from('base:allocation')]);
  return Buffer.concat([optionReply(10, 4, context), optionReply(10, ACK)]);
}

function taker(socket: Socket): (length: number) => Promise<Buffer> {
  const chunks = socket[Symbol.asyncIterator]();
  let rest = Buffer.alloc(0);
  return async (length) => {
    while (rest.length < length) {
      const { done, value } = await chunks.next();
      if (done === true) throw new Error('the client has gone');
      rest = Buffer.concat([rest, value]);
    }
    const taken = rest.subarray(0, length);
    rest = rest.subarray(length);
    return taken;
  };
}
