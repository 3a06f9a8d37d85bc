import { closeSync, constants, fstatSync, openSync, read, readSync } from 'node:fs';
import { type ErrorCode, systemErrorCode, XenferryError } from '../model/errors.js';
import { KIB } from '../model/units.js';
import type { FileRange } from '../model/virtual-machine.js';
import type { ByteSource } from './byte-source.js';

/** Reads up to this length are metadata: 1.5 µs at once against 50 µs for a round trip through the thread pool. */
const AT_ONCE_BYTES = 32 * KIB;

/**
 * A read-only window on a file: the whole of it, or one member of an OVA where it lies.
 * Offsets are bytes from the window's start.
 */
export class SourceFile implements ByteSource {
  readonly path: string;
  readonly length: number;
  readonly #fd: number;
  /** Where the window begins in the file. */
  readonly base: number;
  readonly #truncatedCode: ErrorCode;
  #closed = false;

  private constructor(fd: number, range: FileRange, truncatedCode: ErrorCode) {
    this.#truncatedCode = truncatedCode;
    this.#fd = fd;
    this.base = range.offset;
    this.path = range.path;
    this.length = range.length;
  }

  /**
   * Throws SOURCE_NOT_FOUND, SOURCE_UNREADABLE, or `truncatedCode` when the file ends before the range does.
   * `truncatedCode` is also what later reads past the end throw.
   */
  static open(range: FileRange, truncatedCode: ErrorCode): SourceFile {
    const { fd, size } = openRegularFile(range.path);
    const end = range.offset + range.length;
    if (end > size) {
      closeSync(fd);
      throw new XenferryError(truncatedCode, `the file has ${size} bytes, ${end} expected`, {
        file: range.path,
        offset: size,
      });
    }
    return new SourceFile(fd, range, truncatedCode);
  }

  /** Opens a whole file; throws as `open` does. */
  static openWhole(path: string, truncatedCode: ErrorCode): SourceFile {
    const { fd, size } = openRegularFile(path);
    return new SourceFile(fd, { path, offset: 0, length: size }, truncatedCode);
  }

  /** Fills `target` from `offset`; throws the code for truncation when the window ends first. */
  readSync(target: Uint8Array, offset: number): void {
    this.#readAtOnce(target, 0, target.byteLength, offset);
  }

  /** Fills `target[start, start + length)` from `offset`; rejects as `readSync` throws. */
  async read(target: Uint8Array, start: number, length: number, offset: number): Promise<void> {
    if (length <= AT_ONCE_BYTES) {
      this.#readAtOnce(target, start, length, offset);
      return;
    }
    this.#checkInside(offset, length);
    let done = 0;
    while (done < length) {
      const count = await this.#readOnce(target, start + done, length - done, offset + done);
      if (count === 0) throw this.#truncated(offset + done);
      done += count;
    }
  }

  /** Harmless when called twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
  }

  #readAtOnce(target: Uint8Array, start: number, length: number, offset: number): void {
    this.#checkInside(offset, length);
    let done = 0;
    while (done < length) {
      const count = this.#attempt(() =>
        readSync(this.#fd, target, start + done, length - done, this.base + offset + done),
      );
      if (count === 0) throw this.#truncated(offset + done);
      done += count;
    }
  }

  #readOnce(target: Uint8Array, start: number, length: number, offset: number): Promise<number> {
    return new Promise((resolve, reject) => {
      read(this.#fd, target, start, length, this.base + offset, (error, count) => {
        if (error === null) resolve(count);
        else reject(unreadable(this.path, error));
      });
    });
  }

  #attempt(action: () => number): number {
    try {
      return action();
    } catch (error) {
      throw unreadable(this.path, error);
    }
  }

  #checkInside(offset: number, length: number): void {
    if (offset + length > this.length) throw this.#truncated(this.length);
  }

  #truncated(offset: number): XenferryError {
    return new XenferryError(this.#truncatedCode, `the file ends after ${offset} bytes, more were expected`, {
      file: this.path,
      offset: this.base + offset,
    });
  }
}

/** Never waits: opening a named pipe in the ordinary way would hang until somebody writes to it. */
function openRegularFile(path: string): { fd: number; size: number } {
  const fd = openWithoutWaiting(path);
  const stat = fstatSync(fd);
  if (stat.isFile()) return { fd, size: stat.size };
  closeSync(fd);
  throw new XenferryError('SOURCE_UNREADABLE', 'not a regular file', { file: path });
}

function openWithoutWaiting(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') {
      throw new XenferryError('SOURCE_NOT_FOUND', 'no such file', { file: path, cause: error });
    }
    throw unreadable(path, error);
  }
}

function unreadable(path: string, cause: unknown): XenferryError {
  const reason = systemErrorCode(cause) ?? String(cause);
  return new XenferryError('SOURCE_UNREADABLE', `cannot be read (${reason})`, { file: path, cause });
}
