import type { ByteSource } from '../../io/byte-source.js';
import { readBytes } from '../../io/byte-source.js';

/** A part of a disk: a partition, a logical volume's extent, or all of it. */
export interface DiskPart {
  readonly source: ByteSource;
  /** Bytes from the start of the disk. */
  readonly offset: number;
  readonly length: number;
}

/** Bytes of a part, or null where it is too short for them: numbers out of a guest's structures may be anything. */
export async function readPart(
  { source, offset, length }: DiskPart,
  start: number,
  count: number,
): Promise<Buffer | null> {
  if (!Number.isSafeInteger(start) || start < 0 || start + count > length) return null;
  if (offset + start + count > source.length) return null;
  return await readBytes(source, offset + start, count);
}
