import type { Socket } from 'node:net';

/** So many bytes are held for a reader that is slow; more stay with the sender. */
const HELD_BYTES = 256 * 1024;

/** Memory that somebody waits to have filled. */
interface Filling {
  readonly target: Buffer;
  filled: number;
}

/** Reads a connection piece by piece, and tells an orderly end from a broken connection. */
export class SocketReader {
  private readonly socket: Socket;
  private readonly held: Buffer[] = [];
  private heldBytes = 0;
  private ended = false;
  private failure: Error | undefined;
  private filling: Filling | undefined;
  private wake: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (piece: Buffer) => {
      const filling = this.filling;
      const rest = filling === undefined ? piece : pour(piece, filling);
      if (rest.length > 0) {
        this.held.push(rest);
        this.heldBytes += rest.length;
      }
      if (this.heldBytes >= HELD_BYTES) {
        socket.pause();
      }
      if (filling === undefined || filling.filled === filling.target.length) {
        this.wake();
      }
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

  /**
   * Fills all of the target, or what there is until the end; how many bytes that were. Throws for a broken connection.
   * TLS gives 16 KiB at a time: they are not worth a turn of the event loop each.
   */
  async fill(target: Buffer): Promise<number> {
    const filling: Filling = { target, filled: 0 };
    while (filling.filled < target.length) {
      const piece = this.take(target.length - filling.filled);
      if (piece === undefined) {
        break;
      }
      pour(piece, filling);
    }
    this.filling = filling;
    while (filling.filled < target.length && !this.ended && this.failure === undefined) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    this.filling = undefined;
    if (filling.filled < target.length && !this.ended) {
      throw this.failure ?? new Error('the connection is gone');
    }
    return filling.filled;
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

/** What of the piece there was no room for. */
function pour(piece: Buffer, filling: Filling): Buffer {
  const taken = piece.copy(filling.target, filling.filled);
  filling.filled += taken;
  return piece.subarray(taken);
}
