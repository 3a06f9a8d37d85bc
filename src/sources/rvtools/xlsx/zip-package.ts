import type { Readable } from 'node:stream';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { systemErrorCode, XenferryError } from '../../../model/errors.js';
import { GIB, MIB } from '../../../model/units.js';

const MAX_MEMBERS = 10_000;
/** Of one member; 10,000 machines make sheets of 35 MB. */
const MAX_MEMBER_BYTES = GIB;
/** Of all members that are read; archives may list the same bytes many times. */
const MAX_TOTAL_BYTES = 2 * GIB;
/** Sheets shrink to a tenth or a thirtieth; deflate's best, for a bomb, is a thousandth. */
const MAX_RATIO = 200;
/** Below this size any ratio is harmless. */
const HARMLESS_BYTES = 16 * MIB;

/** The members of a zip archive, opened for reading. Nothing is unpacked to disk. */
export class ZipPackage {
  readonly #zip: ZipFile;
  readonly #members: ReadonlyMap<string, Entry>;
  readonly #file: string;
  #totalBytes = 0;

  private constructor(zip: ZipFile, members: ReadonlyMap<string, Entry>, file: string) {
    this.#zip = zip;
    this.#members = members;
    this.#file = file;
  }

  /** Throws RVTOOLS_MALFORMED for what is no zip archive, RVTOOLS_TOO_LARGE, or SOURCE_*. */
  static async open(path: string, file: string): Promise<ZipPackage> {
    const zip = await openZip(path, file);
    try {
      return new ZipPackage(zip, await listMembers(zip, file), file);
    } catch (error) {
      zip.close();
      throw error instanceof XenferryError ? error : damaged(error, file);
    }
  }

  has(name: string): boolean {
    return this.#members.has(name.toLowerCase());
  }

  /**
   * Gives a member's text piece by piece. The size it announces is checked before and held to while it inflates.
   * Throws RVTOOLS_MALFORMED or RVTOOLS_TOO_LARGE, and what `take` throws.
   */
  async readText(name: string, take: (text: string) => void, maxBytes = MAX_MEMBER_BYTES): Promise<void> {
    const stream = await this.#openMember(name, maxBytes);
    const decoder = new TextDecoder();
    try {
      for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }));
    } catch (error) {
      throw error instanceof XenferryError ? error : damaged(error, this.#file);
    }
  }

  async #openMember(name: string, maxBytes: number): Promise<Readable> {
    const entry = this.#members.get(name.toLowerCase());
    if (entry === undefined) {
      throw new XenferryError('RVTOOLS_MALFORMED', `it has no member ${name}`, { file: this.#file });
    }
    const { compressedSize: packed, uncompressedSize: plain } = entry;
    this.#totalBytes += plain;
    const bomb = plain > HARMLESS_BYTES && plain > packed * MAX_RATIO;
    if (bomb || plain > maxBytes || this.#totalBytes > MAX_TOTAL_BYTES) {
      const message = `${name} would unpack from ${packed} to ${plain} bytes, as no export does`;
      throw new XenferryError('RVTOOLS_TOO_LARGE', message, { file: this.#file });
    }
    try {
      return await this.#zip.openReadStreamPromise(entry);
    } catch (error) {
      throw damaged(error, this.#file);
    }
  }

  close(): void {
    this.#zip.close();
  }
}

async function openZip(path: string, file: string): Promise<ZipFile> {
  try {
    return await openPromise(path, { autoClose: false, lazyEntries: true, validateEntrySizes: true });
  } catch (error) {
    throw damaged(error, file);
  }
}

async function listMembers(zip: ZipFile, file: string): Promise<ReadonlyMap<string, Entry>> {
  if (zip.entryCount > MAX_MEMBERS) {
    throw new XenferryError('RVTOOLS_TOO_LARGE', `it has ${zip.entryCount} members, as no workbook has`, {
      file,
    });
  }
  const members = new Map<string, Entry>();
  for await (const entry of zip.eachEntry()) members.set(entry.fileName.toLowerCase(), entry);
  return members;
}

function damaged(error: unknown, file: string): XenferryError {
  const reason = systemErrorCode(error);
  if (reason !== undefined && /^E[A-Z]+$/.test(reason)) {
    const missing = reason === 'ENOENT' || reason === 'ENOTDIR';
    const code = missing ? 'SOURCE_NOT_FOUND' : 'SOURCE_UNREADABLE';
    return new XenferryError(code, `it cannot be read (${reason})`, { file, cause: error });
  }
  const message = `it is no .xlsx workbook: ${error instanceof Error ? error.message : String(error)}`;
  return new XenferryError('RVTOOLS_MALFORMED', message, { file, cause: error });
}
