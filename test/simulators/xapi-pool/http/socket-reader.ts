import type { Socket } from 'node:net';

/** Reads a connection piece by piece, and tells an orderly end from a broken connection. */
export class SocketReader {
  private readonly socket: Socket;
  private held: Buffer[] = [];
  private ended = false;
  private failure: Error | undefined;
  private wake: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('readable', () => this.wake());
    socket.on('end', () => {
      this.ended = true;
      this.wake();
    });
    socket.on('error', (error) => {
      this.failure = error;
      this.wake();
    });
    socket.on('close', () => {
      this.failure ??= new Error('the connection is gone');
      this.wake();
    });
  }

  /** At least one byte and at most so many; undefined at the end. Throws for a broken connection. */
  async some(most: number): Promise<Buffer | undefined> {
    for (;;) {
      const piece = this.held.shift() ?? this.read();
      if (piece !== undefined && piece.length > most) {
        this.unread(piece.subarray(most));
        return piece.subarray(0, most);
      }
      if (piece !== undefined || this.ended) {
        return piece;
      }
      if (this.failure !== undefined) {
        throw this.failure;
      }
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  unread(bytes: Buffer): void {
    if (bytes.length > 0) {
      this.held.unshift(bytes);
    }
  }

  private read(): Buffer | undefined {
    const piece: unknown = this.socket.read();
    return Buffer.isBuffer(piece) ? piece : undefined;
  }
}
