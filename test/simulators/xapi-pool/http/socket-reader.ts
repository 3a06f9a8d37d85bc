import type { Socket } from 'node:net';

/** So many bytes are held for a reader that is slow; more stay with the sender. */
const HELD_BYTES = 256 * 1024;

/** Reads a connection piece by piece, and tells an orderly end from a broken connection. */
export class SocketReader {
  private readonly socket: Socket;
  private readonly held: Buffer[] = [];
  private heldBytes = 0;
  private ended = false;
  private failure: Error | undefined;
  private wake: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (piece: Buffer) => {
      this.held.push(piece);
      this.heldBytes += piece.length;
      if (this.heldBytes >= HELD_BYTES) {
        socket.pause();
      }
      this.wake();
    });
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
      const piece = this.take(most);
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
      this.heldBytes += bytes.length;
    }
  }

  private take(most: number): Buffer | undefined {
    const piece = this.held.shift();
    if (piece === undefined) {
      return undefined;
    }
    this.heldBytes -= piece.length;
    if (this.socket.isPaused() && this.heldBytes < HELD_BYTES) {
      this.socket.resume();
    }
    this.unread(piece.subarray(most));
    return piece.subarray(0, most);
  }
}
