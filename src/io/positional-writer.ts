import { closeSync, constants, openSync, writev } from 'node:fs';
import { systemErrorCode, XenferryError } from '../model/errors.js';

/** Direct I/O wants memory, offset and length in multiples of the device's sector; 512 bytes but for rare disks. */
const DIRECT_ALIGNMENT = 512;

/**
 * Positional writes to an existing file, past the page cache where file system and device allow it: a sixth of the
 * CPU. Writes in multiples of 4 KiB run side by side; others are put in a row by the file system.
 */
export class PositionalWriter {
  readonly #path: string;
  #fd: number;
  #direct: boolean;
  /** Other writes may still be under way on these. */
  readonly #replaced: number[] = [];

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

  /** Writes all of `bytes` at `offset`. With direct I/O memory, length and offset must be multiples of 512. */
  async write(bytes: Uint8Array, offset: number): Promise<void> {
    await this.writeAll([bytes], offset);
  }

  /** Writes several buffers one after the other from `offset`; each as `write` wants it. */
  async writeAll(parts: readonly Uint8Array[], offset: number): Promise<void> {
    const total = parts.reduce((sum, part) => sum + part.byteLength, 0);
    for (let done = 0; done < total; ) {
      done += await this.#writeOnce(skipBytes(parts, done), offset + done);
      if (this.#direct && done % DIRECT_ALIGNMENT !== 0) this.#turnBuffered();
    }
  }

  close(): void {
    for (const fd of [...this.#replaced, this.#fd]) closeSync(fd);
  }

  async #writeOnce(parts: readonly Uint8Array[], offset: number): Promise<number> {
    const [fd, direct] = [this.#fd, this.#direct];
    try {
      return await new Promise<number>((resolve, reject) => {
        writev(fd, parts, offset, (error, count) => {
          if (error === null) resolve(count);
          else reject(error);
        });
      });
    } catch (error) {
      if (systemErrorCode(error) === 'EINVAL' && direct) {
        if (this.#direct) this.#turnBuffered();
        return 0;
      }
      throw writeError(this.#path, offset, error);
    }
  }

  /** Some file systems accept the flag and refuse the write, or write short of the alignment. */
  #turnBuffered(): void {
    this.#replaced.push(this.#fd);
    this.#fd = openForWriting(this.#path);
    this.#direct = false;
  }
}

/** What is left of `parts` after their first `count` bytes. */
function skipBytes(parts: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  if (count === 0) return parts;
  let skip = count;
  return parts.flatMap((part) => {
    const rest = part.subarray(Math.min(skip, part.byteLength));
    skip -= part.byteLength - rest.byteLength;
    return rest.byteLength === 0 ? [] : [rest];
  });
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
