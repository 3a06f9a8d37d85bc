import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { uint16, uint32, uint64 } from './fake-nbd.js';

/** A client of a Unix socket that sends what it is told to, sound or not, until the test ends. */
export class RawNbdClient {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #ended = false;
  #tell = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#tell();
    });
    socket.on('close', () => {
      this.#ended = true;
      this.#tell();
    });
    onTestFinished(() => {
      socket.destroy();
    });
  }

  /** Connects and says nothing. */
  static async connect(path: string): Promise<RawNbdClient> {
    const socket = connect({ path });
    await once(socket, 'connect');
    return new RawNbdClient(socket);
  }

  /** Enters an export in the way of old clients: without structured replies. */
  static async enter(path: string, exportName: string): Promise<RawNbdClient> {
    const client = await RawNbdClient.connect(path);
    await client.take(18);
    client.send(uint32(3));
    client.option(1, Buffer.from(exportName));
    await client.take(10);
    return client;
  }

  send(...bytes: readonly Buffer[]): void {
    this.#socket.write(Buffer.concat(bytes));
  }

  /** `length` is announced; by default it is the data's. */
  option(option: number, data: Buffer = Buffer.alloc(0), length: number = data.length): void {
    this.send(Buffer.from('IHAVEOPT'), uint32(option), uint32(length), data);
  }

  request(command: number, cookie: number, offset: number | bigint, length: number): void {
    this.send(uint32(0x25609513), uint16(0), uint16(command), uint64(cookie), uint64(offset), uint32(length));
  }

  hangUp(): void {
    this.#socket.end();
  }

  /** Takes nothing of what comes from now on. */
  pause(): void {
    this.#socket.pause();
  }

  /** The next bytes; fails when the connection ends first. */
  async take(length: number): Promise<Buffer> {
    while (this.#received.length < length) {
      if (this.#ended) throw new Error('the server hung up');
      await this.#news();
    }
    const bytes = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return bytes;
  }

  /** Error number and cookie of a simple reply. */
  async simpleReply(): Promise<{ readonly error: number; readonly cookie: number }> {
    const header = await this.take(16);
    if (header.readUInt32BE(0) !== 0x67446698) throw new Error('no simple reply');
    return { error: header.readUInt32BE(4), cookie: Number(header.readBigUInt64BE(8)) };
  }

  /** Resolves when the server has ended the connection. */
  async hungUp(): Promise<void> {
    while (!this.#ended) await this.#news();
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#tell = resolve;
    });
  }
}
