import { type FileHandle, open } from 'node:fs/promises';
import { type ErrorCode, systemErrorCode, XenferryError } from '../model/errors.js';
import type { FileRange } from '../model/virtual-machine.js';

export interface SizeLimit {
  readonly bytes: number;
  /** Code of the error when the range is longer. */
  readonly code: ErrorCode;
}

/**
 * Reads a small file, or a small member of an OVA, whole. `range.length` is compared with the limit before the
 * file is opened, so a hostile size costs nothing.
 * Throws `limit.code`, SOURCE_NOT_FOUND, SOURCE_UNREADABLE, or SOURCE_CHANGED when the file ends inside the range.
 */
export async function readSmallRange(range: FileRange, limit: SizeLimit): Promise<Buffer> {
  if (range.length > limit.bytes) {
    const message = `it has ${range.length} bytes, more than the ${limit.bytes} bytes such a file may have`;
    throw new XenferryError(limit.code, message, { file: range.path });
  }
  return withFile(range.path, async (file) => {
    const bytes = await readAt(file, range.offset, range.length);
    if (bytes.byteLength === range.length) return bytes;
    const end = range.offset + bytes.byteLength;
    throw new XenferryError('SOURCE_CHANGED', 'the file became shorter while it was read', {
      file: range.path,
      offset: end,
    });
  });
}

/** Reads up to `length` bytes at `offset`; fewer only where the file ends. */
export async function readAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) return bytes.subarray(0, done);
    done += bytesRead;
  }
  return bytes;
}

/** Opens `path` for reading while `use` runs. System errors become SOURCE_NOT_FOUND or SOURCE_UNREADABLE. */
export async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  try {
    const file = await open(path, 'r');
    try {
      return await use(file);
    } finally {
      await file.close();
    }
  } catch (error) {
    const reason = systemErrorCode(error);
    if (error instanceof XenferryError || reason === undefined) throw error;
    const code = reason === 'ENOENT' ? 'SOURCE_NOT_FOUND' : 'SOURCE_UNREADABLE';
    throw new XenferryError(code, `it cannot be read (${reason})`, { file: path, cause: error });
  }
}
