import { XenferryError } from '../model/errors.js';
import { roundUp } from '../model/units.js';
import { CHUNK_BYTES, CHUNK_STRIDE, type ChunkChecksum } from './layout.js';
import { decodeTarHeader, TAR_RECORD_BYTES } from './tar-header.js';

/** Where an archive is read from. */
export interface ArchiveBytes {
  /** Fills `target` from `offset` unless the archive ends before; resolves with the number of bytes. */
  read(target: Buffer, offset: number): Promise<number>;
  close(): void;
}

/** One chunk as it stands in the archive. */
export interface XvaChunk {
  readonly diskId: string;
  readonly counter: number;
  /** Of the data in the file. */
  readonly offset: number;
  /** Valid until the next but one chunk is asked for. */
  readonly data: Buffer;
  readonly checksumKind: ChunkChecksum;
  readonly checksum: string;
}

/** Memory a reader needs, to be allocated by its user. */
export const CHUNK_READER_BYTES = 2 * CHUNK_STRIDE;

const CHUNK_NAME = /^([^/]+)\/(\d{8,})$/;
const MAX_CHECKSUM_BYTES = 40;

/** The disk and the number, from 0, of the MiB that a member holds; null for a member that is no chunk. */
export function decodeChunkName(name: string): { readonly diskId: string; readonly counter: number } | null {
  const [, diskId = '', digits = ''] = CHUNK_NAME.exec(name) ?? [];
  return diskId === '' ? null : { diskId, counter: Number(digits) };
}

/**
 * Reads the chunks of an archive in their order, the next one while the last is looked at.
 * `memory` holds CHUNK_READER_BYTES. Methods throw XVA_INVALID with the offset, or SOURCE_UNREADABLE.
 */
export class ChunkReader {
  readonly #path: string;
  readonly #bytes: ArchiveBytes;
  readonly #length: number;
  readonly #buffers: readonly [Buffer, Buffer];
  #ahead: { readonly offset: number; readonly bytes: Promise<Buffer> } | null;
  #turn = 0;

  /** `path` is for errors; `length` is infinite where it is not known. */
  constructor(path: string, bytes: ArchiveBytes, length: number, firstChunkOffset: number, memory: Buffer) {
    this.#path = path;
    this.#bytes = bytes;
    this.#length = length;
    this.#buffers = [memory.subarray(0, CHUNK_STRIDE), memory.subarray(CHUNK_STRIDE, 2 * CHUNK_STRIDE)];
    this.#ahead = this.#readAhead(firstChunkOffset);
  }

  /** Null at the end of the archive. */
  async next(): Promise<XvaChunk | null> {
    if (this.#ahead === null) return null;
    const { offset, bytes } = this.#ahead;
    const records = await bytes;
    const header = this.#header(records, 0, offset);
    if (header === null) {
      this.#ahead = null;
      return null;
    }
    const chunk = decodeChunkName(header.name);
    if (chunk === null) throw this.invalid(offset, `unexpected member ${header.name}`);
    if (header.size > CHUNK_BYTES) {
      throw this.invalid(offset, `${header.name} has ${header.size} bytes, a chunk has 1 MiB at most`);
    }
    const sumAt = TAR_RECORD_BYTES + roundUp(header.size, TAR_RECORD_BYTES);
    const sum = this.#header(records, sumAt, offset);
    const checksumKind = sum?.name === `${header.name}.checksum` ? 'sha1' : 'xxhash';
    if (
      sum === null ||
      (checksumKind === 'xxhash' && sum.name !== `${header.name}.xxhash`) ||
      sum.size > MAX_CHECKSUM_BYTES
    ) {
      throw this.invalid(offset + sumAt, `the checksum of ${header.name} is missing`);
    }
    const checksumAt = sumAt + TAR_RECORD_BYTES;
    if (checksumAt + TAR_RECORD_BYTES > records.length)
      throw this.invalid(offset + sumAt, 'the archive is cut off');
    this.#ahead = this.#readAhead(offset + checksumAt + TAR_RECORD_BYTES);
    return {
      ...chunk,
      offset: offset + TAR_RECORD_BYTES,
      data: records.subarray(TAR_RECORD_BYTES, TAR_RECORD_BYTES + header.size),
      checksumKind,
      checksum: records.toString('latin1', checksumAt, checksumAt + sum.size),
    };
  }

  /** To be called when no read is under way any more: after `next` has settled. */
  async close(): Promise<void> {
    await this.#ahead?.bytes.catch(() => {});
    this.#bytes.close();
  }

  invalid(offset: number, message: string): XenferryError {
    return new XenferryError('XVA_INVALID', message, { file: this.#path, offset });
  }

  #readAhead(offset: number): { offset: number; bytes: Promise<Buffer> } | null {
    if (offset >= this.#length) return null;
    const buffer = this.#buffers[this.#turn++ % 2 === 0 ? 0 : 1];
    const bytes = this.#bytes.read(buffer, offset).then((count) => buffer.subarray(0, count));
    // Awaited by the next call; a failure before that is not an unhandled one.
    bytes.catch(() => {});
    return { offset, bytes };
  }

  /** Null for a record of zeros, which ends an archive. */
  #header(records: Buffer, at: number, offset: number): { name: string; size: number } | null {
    const record = records.subarray(at, at + TAR_RECORD_BYTES);
    if (record.length < TAR_RECORD_BYTES) throw this.invalid(offset + at, 'the archive is cut off');
    if (record.every((byte) => byte === 0)) return null;
    const member = decodeTarHeader(record);
    if (member === null) throw this.invalid(offset + at, 'not a tar header');
    return member;
  }
}
