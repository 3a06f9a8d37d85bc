import { closeSync, constants, openSync, read } from 'node:fs';
import { systemErrorCode, XenferryError } from '../model/errors.js';

/**
 * Positional reads of a file that will not be needed again soon, past the page cache where file system and device
 * allow it: filling the cache costs more CPU than hashing what is read.
 */
export class PositionalReader {
  readonly #path: string;
  readonly #buffered: number;
  #direct: number | null;

  private constructor(path: string, buffered: number, direct: number | null) {
    this.#path = path;
    this.#buffered = buffered;
    this.#direct = direct;
  }

  /** Throws SOURCE_UNREADABLE. */
  static open(path: string): PositionalReader {
    return new PositionalReader(path, openForReading(path, 0), tryOpenDirect(path));
  }

  /**
   * Reads into `target` from `offset` until it is full or the file ends; resolves with the number of bytes.
   * Direct where memory, length and offset are multiples of 512. Rejects with SOURCE_UNREADABLE.
   */
  async read(target: Buffer, offset: number): Promise<number> {
    let done = 0;
    while (done < target.length) {
      const count = await this.#readOnce(target, done, offset + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  close(): void {
    closeSync(this.#buffered);
    if (this.#direct !== null) closeSync(this.#direct);
    this.#direct = null;
  }

  async #readOnce(target: Buffer, at: number, offset: number): Promise<number> {
    if (this.#direct !== null) {
      try {
        return await readAt(this.#direct, target, at, offset);
      } catch (error) {
        if (systemErrorCode(error) !== 'EINVAL') throw unreadable(this.#path, offset, error);
      }
    }
    try {
      return await readAt(this.#buffered, target, at, offset);
    } catch (error) {
      throw unreadable(this.#path, offset, error);
    }
  }
}

function readAt(fd: number, target: Buffer, at: number, offset: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, target, at, target.length - at, offset, (error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });
}

function openForReading(path: string, flags: number): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | flags);
  } catch (error) {
    throw unreadable(path, 0, error);
  }
}

function tryOpenDirect(path: string): number | null {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_DIRECT);
  } catch {
    return null;
  }
}

function unreadable(path: string, offset: number, cause: unknown): XenferryError {
  const reason = systemErrorCode(cause) ?? String(cause);
  return new XenferryError('SOURCE_UNREADABLE', `cannot be read (${reason})`, { file: path, offset, cause });
}
