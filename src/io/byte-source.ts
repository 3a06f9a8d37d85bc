import { type ErrorCode, XenferryError } from '../model/errors.js';

/** Bytes that can be read at any place: a file, a part of one, several that follow each other, or a server's. */
export interface ByteSource {
  /** How errors name it: an absolute path or a URL. */
  readonly path: string;
  /** Bytes. */
  readonly length: number;
  /**
   * Fills `target[start, start + length)` from `offset`. Calls may overlap in time.
   * Rejects with SOURCE_* or, where the source ends first, with the code for truncation it was opened with.
   */
  read(target: Uint8Array, start: number, length: number, offset: number): Promise<void>;
  /** Harmless when called twice; reads under way may fail. */
  close(): void;
}

/** A new Buffer with `length` bytes from `offset`; rejects as `read` does. */
export async function readBytes(source: ByteSource, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  await source.read(bytes, 0, length, offset);
  return bytes;
}

/** Throws `truncatedCode` unless the source has `length` bytes from `offset`. */
export function checkInside(
  source: Pick<ByteSource, 'path' | 'length'>,
  length: number,
  offset: number,
  truncatedCode: ErrorCode,
): void {
  if (offset + length <= source.length) return;
  throw new XenferryError(
    truncatedCode,
    `the file ends after ${source.length} bytes, ${offset + length} expected`,
    { file: source.path, offset: source.length },
  );
}
