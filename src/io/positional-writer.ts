import { closeSync, constants, openSync, write, writev } from 'node:fs';
import { systemErrorCode, XenferryError } from '../model/errors.js';

/** Direct I/O wants memory, offset and length in multiples of this. */
const DIRECT_ALIGNMENT = 4096;

/**
 * Positional writes to an existing file. Aligned ones go past the page cache where the file system allows it:
 * a third of the CPU, and no two threads queueing for one inode.
 */
export class PositionalWriter {
  readonly #path: string;
  #fd: number;
  #direct: boolean;

  private constructor(path: string, fd: number, direct: boolean) {
    this.#path = path;
    this.#fd = fd;
    this.#direct = direct;
  }

  /** `direct` asks for direct I/O; without support for it writes are buffered. Throws TARGET_UNWRITABLE. */
  static open(path: string, direct: boolean): PositionalWriter {
    if (direct) {
      const fd = tryOpenDirect(path);
      if (fd !== null) return new PositionalWriter(path, fd, true);
    }
    return new PositionalWriter(path, openForWriting(path), false);
  }

  /** Writes all of `bytes` at `offset`. With direct I/O all three must be aligned to 4 KiB. */
  async write(bytes: Uint8Array, offset: number): Promise<void> {
    let done = 0;
    while (done < bytes.byteLength) {
      done += await this.#writeOnce(bytes, done, offset + done);
      if (this.#direct && done % DIRECT_ALIGNMENT !== 0) this.#turnBuffered();
    }
  }

  /** Writes several buffers one after the other from `offset`; buffered writers only. */
  async writeAll(parts: readonly Uint8Array[], offset: number): Promise<void> {
    const expected = parts.reduce((sum, part) => sum + part.byteLength, 0);
    const written = await new Promise<number>((resolve, reject) => {
      writev(this.#fd, parts, offset, (error, count) => {
        if (error === null) resolve(count);
        else reject(writeError(this.#path, offset, error));
      });
    });
    if (written < expected) await this.write(Buffer.concat(parts).subarray(written), offset + written);
  }

  close(): void {
    closeSync(this.#fd);
  }

  async #writeOnce(bytes: Uint8Array, start: number, offset: number): Promise<number> {
    try {
      return await new Promise<number>((resolve, reject) => {
        write(this.#fd, bytes, start, bytes.byteLength - start, offset, (error, count) => {
          if (error === null) resolve(count);
          else reject(error);
        });
      });
    } catch (error) {
      if (this.#direct && systemErrorCode(error) === 'EINVAL') {
        this.#turnBuffered();
        return 0;
      }
      throw writeError(this.#path, offset, error);
    }
  }

  /** Some file systems accept the flag and refuse the write, or write short of the alignment. */
  #turnBuffered(): void {
    const buffered = openForWriting(this.#path);
    closeSync(this.#fd);
    this.#fd = buffered;
    this.#direct = false;
  }
}

function tryOpenDirect(path: string): number | null {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_DIRECT);
  } catch (error) {
    if (systemErrorCode(error) === 'EINVAL') return null;
    throw writeError(path, 0, error);
  }
}

function openForWriting(path: string): number {
  try {
    return openSync(path, constants.O_WRONLY);
  } catch (error) {
    throw writeError(path, 0, error);
  }
}

/** A failed write as TARGET_NO_SPACE or TARGET_UNWRITABLE, with the place. */
export function writeError(path: string, offset: number, cause: unknown): XenferryError {
  const reason = systemErrorCode(cause) ?? String(cause);
  if (reason === 'ENOSPC' || reason === 'EDQUOT') {
    return new XenferryError('TARGET_NO_SPACE', 'the target is full', { file: path, offset, cause });
  }
  return new XenferryError('TARGET_UNWRITABLE', `cannot be written (${reason})`, {
    file: path,
    offset,
    cause,
  });
}
