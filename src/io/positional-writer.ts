import { closeSync, constants, openSync, writev } from 'node:fs';
import { systemErrorCode, XenferryError } from '../model/errors.js';

/** Direct I/O wants memory, offset and length in multiples of the device's sector; 512 bytes but for rare disks. */
const DIRECT_ALIGNMENT = 512;

/**
 * Positional writes to an existing file, past the page cache where file system, device and alignment allow it: a
 * sixth of the CPU. Writes in multiples of 4 KiB run side by side; others are put in a row by the file system.
 */
export class PositionalWriter {
  readonly #path: string;
  readonly #buffered: number;
  /** Null where the system refuses direct I/O. */
  readonly #direct: number | null;
  #directWorks = true;

  private constructor(path: string, buffered: number, direct: number | null) {
    this.#path = path;
    this.#buffered = buffered;
    this.#direct = direct;
  }

  /** Throws TARGET_UNWRITABLE. */
  static open(path: string): PositionalWriter {
    return new PositionalWriter(path, openForWriting(path), tryOpenDirect(path));
  }

  /**
   * Writes several buffers one after the other from `offset`. Direct where memory, lengths and offset are multiples
   * of 512. Rejects with TARGET_NO_SPACE, TARGET_UNWRITABLE.
   */
  async write(parts: readonly Uint8Array[], offset: number): Promise<void> {
    const total = parts.reduce((sum, part) => sum + part.byteLength, 0);
    const aligned = offset % DIRECT_ALIGNMENT === 0 && total % DIRECT_ALIGNMENT === 0;
    for (let done = 0; done < total; ) {
      const direct = aligned && done % DIRECT_ALIGNMENT === 0;
      done += await this.#writeOnce(skipBytes(parts, done), offset + done, direct);
    }
  }

  close(): void {
    closeSync(this.#buffered);
    if (this.#direct !== null) closeSync(this.#direct);
  }

  async #writeOnce(parts: readonly Uint8Array[], offset: number, direct: boolean): Promise<number> {
    try {
      if (!direct || this.#direct === null || !this.#directWorks) {
        return await writeAt(this.#buffered, parts, offset);
      }
      try {
        return await writeAt(this.#direct, parts, offset);
      } catch (error) {
        if (systemErrorCode(error) !== 'EINVAL') throw error;
        // Some file systems accept the flag and refuse the write.
        this.#directWorks = false;
        return 0;
      }
    } catch (error) {
      throw writeError(this.#path, offset, error);
    }
  }
}

function writeAt(fd: number, parts: readonly Uint8Array[], offset: number): Promise<number> {
  return new Promise((resolve, reject) => {
    writev(fd, parts, offset, (error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });
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
