import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MIB } from '../../../src/model/units.js';
import { ReceivedBytes } from '../../../src/xapi/received-bytes.js';
import { noise } from '../../support/disk-maker.js';

/** What a server's `answer` sends, as it is received. */
async function receiving(answer: (socket: Socket) => void): Promise<ReceivedBytes> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    answer(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const bytes = new ReceivedBytes();
  const socket = connect({ port, host: '127.0.0.1', onread: bytes.onread });
  await once(socket, 'connect');
  bytes.attach(socket);
  onTestFinished(() => {
    bytes.close();
    server.close();
  });
  return bytes;
}

describe('received bytes', () => {
  it('are a head and what follows, in pieces of 1 MiB', async () => {
    const content = noise(1, 5 * MIB + 77);
    const bytes = await receiving((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nA: b\r');
      setTimeout(() => {
        socket.write('\n\r\n');
        socket.end(content);
      }, 20);
    });
    expect(await bytes.head()).toBe('HTTP/1.1 200 OK\r\nA: b');
    const pieces: Buffer[] = [];
    for (let piece = await bytes.next(); piece !== null; piece = await bytes.next()) {
      pieces.push(Buffer.from(piece));
      // Who takes them may be slow.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(Buffer.concat(pieces).equals(content)).toBe(true);
    expect(pieces.map(({ length }) => length)).toEqual([MIB, MIB, MIB, MIB, MIB, 77]);
  });

  it('hold the sender back while nobody takes them', async () => {
    let drained = false;
    const bytes = await receiving((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.write(Buffer.alloc(64 * MIB), () => {
        drained = true;
      });
    });
    await bytes.head();
    await bytes.next();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(drained).toBe(false);
  });

  it.each([
    ['a host that hangs up before its answer', (socket: Socket) => socket.end('HTTP/1.1 2')],
    ['a head without an end', (socket: Socket) => socket.write(Buffer.alloc(MIB, 'a'))],
  ])('end with %s', async (_what, answer) => {
    const bytes = await receiving(answer);
    await expect(bytes.head()).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('end when nothing comes for too long', async () => {
    const bytes = await receiving((socket) => socket.write('HTTP/1.1 200 OK\r\n\r\nabc'));
    bytes.watchIdle(100);
    await bytes.head();
    await expect(bytes.next()).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  });
});
