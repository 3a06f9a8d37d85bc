import type { FileHandle } from 'node:fs/promises';
import { XenferryError } from '../model/errors.js';
import { parsePaxRecords } from './pax-records.js';
import { readAt, withFile } from './read-range.js';
import { isZeroBlock, parseTarHeader, TAR_BLOCK_BYTES, type TarHeader } from './tar-header.js';

export interface OvaMember {
  /** As the archive gives it, without leading `./`; may be hostile, so compare it only with checked hrefs. */
  readonly name: string;
  /** First byte of its data in the OVA. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
}

/** What the headers so far say about the member that follows them. */
interface Pending {
  readonly name?: string | undefined;
  readonly size?: number | undefined;
}

const MAX_MEMBERS = 4096;
const MAX_EXTENDED_BYTES = 64 * 1024;

/**
 * Indexes the regular files of an OVA, which is a tar archive (DSP0243 1.1 §5.3), in their order. Only headers are
 * read, one 512-byte positional read each, never the data. Understands ustar, GNU long names, pax `path` and `size`
 * and base-256 sizes; a missing end-of-archive mark is tolerated.
 * Throws OVA_MALFORMED with the offset: wrong checksum, data beyond the end of the file, sparse members, more than
 * 4096 headers. Throws SOURCE_NOT_FOUND or SOURCE_UNREADABLE when the file cannot be read.
 */
export async function indexOva(path: string): Promise<readonly OvaMember[]> {
  return withFile(path, async (file) => {
    const { size } = await file.stat();
    return scan(file, path, size);
  });
}

async function scan(file: FileHandle, path: string, fileBytes: number): Promise<readonly OvaMember[]> {
  const members: OvaMember[] = [];
  let pending: Pending = {};
  let offset = 0;
  for (let headers = 0; offset < fileBytes; headers += 1) {
    const place = { file: path, offset };
    const block = await readAt(file, offset, TAR_BLOCK_BYTES);
    if (block.byteLength < TAR_BLOCK_BYTES) throw malformed('it ends inside a tar header', path, offset);
    if (isZeroBlock(block)) break;
    if (headers === 0) refuseCompressed(block, path);
    if (headers === MAX_MEMBERS) throw malformed(`it has more than ${MAX_MEMBERS} members`, path, offset);

    const header = parseTarHeader(block, place);
    const data = offset + TAR_BLOCK_BYTES;
    const length = isExtension(header) ? header.size : (pending.size ?? header.size);
    if (data + length > fileBytes) {
      const missing = data + length - fileBytes;
      throw malformed(
        `it is truncated: ${missing} bytes of its member at this offset are missing`,
        path,
        offset,
      );
    }
    if (isExtension(header)) {
      pending = { ...pending, ...(await readExtension(file, header, place)) };
      offset = data + padded(length);
      continue;
    }
    if (header.type === 'S') throw malformed('it has a GNU sparse member', path, offset);
    if (isRegular(header)) {
      const name = (pending.name ?? header.name).replace(/^(\.\/)+/, '');
      members.push({ name, offset: data, length });
    }
    pending = {};
    offset = data + padded(length);
  }
  return members;
}

function isExtension({ type }: TarHeader): boolean {
  return type === 'L' || type === 'K' || type === 'x' || type === 'g';
}

/** V7 archives mark files with NUL, contiguous files (`7`) are read as files. */
function isRegular({ type, name }: TarHeader): boolean {
  return type === '0' || type === '7' || (type === '\0' && !name.endsWith('/'));
}

async function readExtension(
  file: FileHandle,
  header: TarHeader,
  place: { readonly file: string; readonly offset: number },
): Promise<Pending> {
  if (header.size > MAX_EXTENDED_BYTES)
    throw malformed('an extended header is too long', place.file, place.offset);
  if (header.type === 'K' || header.type === 'g') return {};
  const data = await readAt(file, place.offset + TAR_BLOCK_BYTES, header.size);
  if (header.type === 'L') return { name: data.toString('utf8').replace(/\0.*$/s, '') };
  const { path, size } = parsePaxRecords(data, place);
  return { ...(path === undefined ? {} : { name: path }), ...(size === undefined ? {} : { size }) };
}

function refuseCompressed(block: Buffer, path: string): void {
  if (block[0] !== 0x1f || block[1] !== 0x8b) return;
  throw new XenferryError('OVA_MALFORMED', 'it is compressed with gzip; an OVA is a plain tar archive', {
    file: path,
    offset: 0,
    hint: 'Decompress it with gzip -d and run the same command again.',
  });
}

function padded(length: number): number {
  return Math.ceil(length / TAR_BLOCK_BYTES) * TAR_BLOCK_BYTES;
}

function malformed(message: string, file: string, offset: number): XenferryError {
  return new XenferryError('OVA_MALFORMED', message, { file, offset });
}
