import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { writeError } from '../io/positional-writer.js';
import { systemErrorCode, XenferryError } from '../model/errors.js';
import { MIB } from '../model/units.js';
import type { FileRange, FilesLocation } from '../model/virtual-machine.js';
import { fileImage, type ImageSource } from './image-source.js';

/** A disk file that had to be unpacked before it could be read. */
export interface UnpackedImage {
  readonly source: ImageSource;
  /** Removes the unpacked file. */
  release(): Promise<void>;
}

/**
 * Unpacks a disk compressed with gzip to `scratch`, as gzip cannot be read from the middle; chunks are joined, also
 * those of a disk that is not compressed.
 * A disk of `capacityBytes` cannot need much more than that; an archive that unpacks to more is refused.
 * Rejects with GZIP_CORRUPT, SOURCE_UNREADABLE, TARGET_*, CANCELED.
 */
export async function unpackImage(
  { parts, compression }: FilesLocation,
  capacityBytes: number,
  scratch: string,
  signal: AbortSignal,
): Promise<UnpackedImage> {
  const release = () => rm(scratch, { force: true });
  const path = parts[0]?.range.path ?? '';
  const limit = capacityBytes + capacityBytes / 32 + 64 * MIB;
  let length = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      length += chunk.length;
      if (length <= limit) done(null, chunk);
      else done(corrupt(path, `it unpacks to more than a disk of ${capacityBytes} bytes can need`));
    },
  });
  try {
    const input = Readable.from(readParts(parts.map(({ range }) => range)));
    const unpacking = compression === null ? [input, counter] : [input, createGunzip(), counter];
    await pipeline([...unpacking, createWriteStream(scratch)], { signal });
    return { source: fileImage('vmdk', scratch, length), release };
  } catch (error) {
    await release();
    if (signal.aborted) throw new XenferryError('CANCELED', 'the unpacking was stopped');
    throw unpackError(error, path, scratch);
  }
}

async function* readParts(ranges: readonly FileRange[]): AsyncGenerator<Buffer> {
  for (const { path, offset, length } of ranges) {
    if (length === 0) continue;
    const stream = createReadStream(path, { start: offset, end: offset + length - 1, highWaterMark: MIB });
    try {
      for await (const chunk of stream) yield chunk;
    } catch (cause) {
      const reason = systemErrorCode(cause) ?? String(cause);
      throw new XenferryError('SOURCE_UNREADABLE', `cannot be read (${reason})`, { file: path, cause });
    }
  }
}

function unpackError(error: unknown, path: string, scratch: string): unknown {
  if (error instanceof XenferryError) return error;
  const reason = systemErrorCode(error);
  if (reason === undefined) return error;
  // zlib's codes begin with Z_; all others are the file system's.
  if (reason.startsWith('Z_')) return corrupt(path, `the gzip data is damaged or cut off (${reason})`, error);
  return writeError(scratch, 0, error);
}

function corrupt(file: string, message: string, cause?: unknown): XenferryError {
  return new XenferryError('GZIP_CORRUPT', message, { file, cause });
}
