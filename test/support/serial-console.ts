import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const PIECE = 8;
const PAUSE_MILLISECONDS = 60;

/** What stood on a console before a wait ended, and what ended it. */
export interface Seen {
  readonly text: string;
  /** Undefined when the time was over first. */
  readonly match: RegExpMatchArray | undefined;
}

/** The other end of a serial line that an emulated machine offers as a unix socket. */
export class SerialConsole {
  /** All that was ever received, for whoever asks why a test failed. */
  transcript = '';
  private unread = '';
  private readonly socket: Socket;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (received: string) => {
      // Each of the consoles that text went through may have put one before the end of a line.
      const text = received.replaceAll('\r', '');
      this.transcript += text;
      this.unread += text;
    });
    // The machine's end is told by its process.
    socket.on('error', () => undefined);
  }

  static async open(path: string): Promise<SerialConsole> {
    for (let tries = 0; ; tries++) {
      const socket = connect({ path });
      try {
        await once(socket, 'connect');
        return new SerialConsole(socket);
      } catch (cause) {
        if (tries === 100) throw new Error(`nobody listens at ${path}`, { cause });
        await delay(100);
      }
    }
  }

  /** Sends no faster than a busy machine takes it: Xen's console drops what does not fit into its few bytes. */
  async send(text: string): Promise<void> {
    for (let start = 0; start < text.length; start += PIECE) {
      this.socket.write(text.slice(start, start + PIECE));
      await delay(PAUSE_MILLISECONDS);
    }
  }

  /** Reads on until the pattern matches; what stands behind the match is left for the next wait. */
  async waitFor(pattern: RegExp, limitMilliseconds: number): Promise<Seen> {
    const deadline = Date.now() + limitMilliseconds;
    for (;;) {
      const match = this.unread.match(pattern) ?? undefined;
      if (match?.index !== undefined) {
        const end = match.index + match[0].length;
        const text = this.unread.slice(0, end);
        this.unread = this.unread.slice(end);
        return { text, match };
      }
      if (Date.now() >= deadline || this.socket.destroyed) return { text: this.unread, match: undefined };
      await delay(100);
    }
  }

  close(): void {
    this.socket.destroy();
  }
}
