import { type ByteSource, readBytes } from '../io/byte-source.js';
import { BLOCK_BYTES } from '../model/units.js';
import { vhdChecksum } from './checksum.js';
import { NO_OFFSET, type VhdFooter } from './footer.js';
import { invalid } from './invalid.js';
import { BAT_OFFSET, DYNAMIC_HEADER_BYTES, type VhdLayout } from './layout.js';

export const HEADER_CHECKSUM_AT = 36;
const COOKIE = 'cxsparse';
const VERSION_1_0 = 0x0001_0000;
const PARENT_NAME_AT = 64;
const PARENT_NAME_BYTES = 512;
const LOCATORS_AT = PARENT_NAME_AT + PARENT_NAME_BYTES;
const LOCATOR_BYTES = 24;
const LOCATORS = 8;

/** Where a file keeps its parent's path as one platform writes it (specification, Parent Locator Entry). */
export interface ParentLocator {
  /** Four letters, such as `W2ru`; four NULs for an unused entry. */
  readonly code: string;
  /** Room for the path: in sectors by the specification, in bytes by everyone who writes it. */
  readonly space: number;
  /** Bytes of the path. */
  readonly length: number;
  readonly reserved: number;
  /** Byte offset in the file. */
  readonly offset: number;
}

/** The second header of a disk with a block allocation table (specification, Dynamic Disk Header Format). */
export interface DynamicHeader {
  /** DYNAMIC_HEADER_BYTES. */
  readonly bytes: Buffer;
  /** Byte offset in the file. */
  readonly offset: number;
  readonly batOffset: number;
  /** Entries of the table, which may be more than the disk has blocks. */
  readonly batEntries: number;
  readonly blockBytes: number;
  readonly parentUuid: Buffer;
  /** Seconds since 2000-01-01. */
  readonly parentTimestamp: number;
  /** As it stands there: a file name or a path, Windows' or not. */
  readonly parentName: string;
  readonly locators: readonly ParentLocator[];
}

/** Reads the header a footer points to, not yet judged. Rejects with VHD_INVALID when there is none, SOURCE_*. */
export async function readDynamicHeader(file: ByteSource, footer: VhdFooter): Promise<DynamicHeader> {
  const offset = footer.headerOffset;
  if (offset + DYNAMIC_HEADER_BYTES > file.length) {
    throw invalid(file, footer.offset + 16, 'the dynamic header lies outside the file');
  }
  const bytes = await readBytes(file, offset, DYNAMIC_HEADER_BYTES);
  if (bytes.toString('latin1', 0, COOKIE.length) !== COOKIE) {
    throw invalid(file, offset, 'no dynamic disk header');
  }
  const name = Buffer.from(bytes.subarray(PARENT_NAME_AT, PARENT_NAME_AT + PARENT_NAME_BYTES)).swap16();
  return {
    bytes,
    offset,
    batOffset: Number(bytes.readBigUInt64BE(16)),
    batEntries: bytes.readUInt32BE(28),
    blockBytes: bytes.readUInt32BE(32),
    parentUuid: bytes.subarray(40, 56),
    parentTimestamp: bytes.readUInt32BE(56),
    parentName: textBeforeNul(name.toString('utf16le')),
    locators: Array.from({ length: LOCATORS }, (_, index) =>
      decodeLocator(bytes.subarray(LOCATORS_AT + index * LOCATOR_BYTES)),
    ),
  };
}

function decodeLocator(bytes: Buffer): ParentLocator {
  return {
    code: bytes.toString('latin1', 0, 4),
    space: bytes.readUInt32BE(4),
    length: bytes.readUInt32BE(8),
    reserved: bytes.readUInt32BE(12),
    offset: Number(bytes.readBigUInt64BE(16)),
  };
}

export function textBeforeNul(text: string): string {
  return text.replace(/\0.*$/s, '');
}

/** The dynamic header of a disk we write. */
export function encodeDynamicHeader({ blocks, parent, locators }: VhdLayout): Buffer {
  const header = Buffer.alloc(DYNAMIC_HEADER_BYTES);
  header.write(COOKIE, 0, 'latin1');
  header.writeBigUInt64BE(NO_OFFSET, 8);
  header.writeBigUInt64BE(BigInt(BAT_OFFSET), 16);
  header.writeUInt32BE(VERSION_1_0, 24);
  header.writeUInt32BE(blocks, 28);
  header.writeUInt32BE(BLOCK_BYTES, 32);
  if (parent !== null) {
    header.set(parent.uuid, 40);
    header.writeUInt32BE(parent.timestamp, 56);
    const name = header.subarray(PARENT_NAME_AT, PARENT_NAME_AT + PARENT_NAME_BYTES);
    name.write(parent.name, 'utf16le');
    name.swap16();
  }
  for (const [index, { code, offset, path, space }] of locators.entries()) {
    const entry = header.subarray(LOCATORS_AT + index * LOCATOR_BYTES);
    entry.write(code, 0, 'latin1');
    entry.writeUInt32BE(space, 4);
    entry.writeUInt32BE(path.length, 8);
    entry.writeBigUInt64BE(BigInt(offset), 16);
  }
  header.writeUInt32BE(vhdChecksum(header), HEADER_CHECKSUM_AT);
  return header;
}
