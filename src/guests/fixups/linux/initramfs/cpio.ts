import { XenferryError } from '../../../../model/errors.js';

/** A member of an initramfs. */
export interface CpioEntry {
  /** Without `./` or `/` in front. */
  readonly path: string;
  readonly mode: number;
  readonly bytes: Buffer;
}

/** `060000` and so on of stat(2). */
export const FILE_TYPE = 0o170000;
const FOLDER = 0o040000;
export const REGULAR = 0o100000;
export const LINK = 0o120000;

const HEADER_BYTES = 110;
const TRAILER = 'TRAILER!!!';
const MAX_NAME_BYTES = 4096;
const MAX_ENTRIES = 200_000;

/** Where appended archives start, so that the kernel, which counts from the file's start, sees them aligned. */
export const SEGMENT_ALIGNMENT = 512;

export function isCpio(bytes: Buffer, offset: number): boolean {
  const magic = bytes.toString('latin1', offset, offset + 6);
  return magic === '070701' || magic === '070702';
}

/**
 * The members of the "new ASCII" archive at `offset`, and where it ends (Linux, buffer-format.rst; cpio(5), newc).
 * Throws GUEST_UNREADABLE.
 */
export function readCpio(bytes: Buffer, offset: number): { entries: CpioEntry[]; end: number } {
  const entries: CpioEntry[] = [];
  let at = offset;
  for (;;) {
    if (at + HEADER_BYTES > bytes.length || !isCpio(bytes, at)) throw broken('a header is missing', at);
    const header = bytes.toString('latin1', at, at + HEADER_BYTES);
    const mode = hexField(header, 14, at);
    const size = hexField(header, 54, at);
    const nameBytes = hexField(header, 94, at);
    if (nameBytes < 1 || nameBytes > MAX_NAME_BYTES) throw broken(`a name of ${nameBytes} bytes`, at);
    const nameEnd = at + HEADER_BYTES + nameBytes;
    const dataStart = offset + aligned(nameEnd - offset, 4);
    const dataEnd = dataStart + size;
    if (dataEnd > bytes.length) throw broken('it ends early', at);
    const name = bytes.toString('latin1', at + HEADER_BYTES, nameEnd).replace(/\0.*$/s, '');
    at = offset + aligned(dataEnd - offset, 4);
    if (name === TRAILER) return { entries, end: Math.min(at, bytes.length) };
    if (entries.length >= MAX_ENTRIES) throw broken(`more than ${MAX_ENTRIES} members`, at);
    entries.push({
      path: name.replace(/^(?:\.?\/)+/, ''),
      mode,
      bytes: bytes.subarray(dataStart, dataEnd),
    });
  }
}

/** An archive of the files and of the folders above them, owned by root, without dates: the same in every run. */
export function writeCpio(files: readonly CpioEntry[]): Buffer {
  const members = new Map<string, CpioEntry>();
  for (const file of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    for (let end = file.path.indexOf('/'); end > 0; end = file.path.indexOf('/', end + 1)) {
      const path = file.path.slice(0, end);
      if (!members.has(path)) members.set(path, { path, mode: FOLDER | 0o755, bytes: Buffer.alloc(0) });
    }
    members.set(file.path, file);
  }
  const parts: Buffer[] = [];
  let inode = 1;
  for (const member of members.values()) parts.push(...encode(member, inode++));
  parts.push(...encode({ path: TRAILER, mode: 0, bytes: Buffer.alloc(0) }, 0));
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([...parts, Buffer.alloc(aligned(length, SEGMENT_ALIGNMENT) - length)]);
}

export function aligned(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

function encode({ path, mode, bytes }: CpioEntry, inode: number): Buffer[] {
  const name = Buffer.from(`${path}\0`, 'latin1');
  const links = (mode & FILE_TYPE) === FOLDER ? 2 : 1;
  const numbers = [inode, mode, 0, 0, links, 0, bytes.length, 0, 0, 0, 0, name.length, 0];
  const header = `070701${numbers.map((value) => value.toString(16).toUpperCase().padStart(8, '0')).join('')}`;
  const head = HEADER_BYTES + name.length;
  return [
    Buffer.from(header, 'latin1'),
    name,
    Buffer.alloc(aligned(head, 4) - head),
    bytes,
    Buffer.alloc(aligned(bytes.length, 4) - bytes.length),
  ];
}

function hexField(header: string, start: number, at: number): number {
  const text = header.slice(start, start + 8);
  if (!/^[0-9a-fA-F]{8}$/.test(text)) throw broken('a header is not hexadecimal', at);
  return Number.parseInt(text, 16);
}

function broken(what: string, offset: number): XenferryError {
  return new XenferryError('GUEST_UNREADABLE', `the initramfs is damaged: ${what}`, { offset });
}
