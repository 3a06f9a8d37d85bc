import type { ByteSource } from '../io/byte-source.js';
import { isFormatError } from '../model/errors.js';
import { SECTOR_BYTES } from '../model/units.js';
import { checksumFits, vhdChecksum } from './checksum.js';
import { vhdGeometry } from './geometry.js';
import { invalid } from './invalid.js';

export const FOOTER_BYTES = 512;
export const FOOTER_CHECKSUM_AT = 64;
/** What stands where an offset would, when there is nothing to point to. */
export const NO_OFFSET = 0xffff_ffff_ffff_ffffn;

/** 16 bytes. */
export type VhdUuid = Uint8Array;
export type VhdKind = 'fixed' | 'dynamic' | 'differencing';

const DISK_TYPES: Readonly<Record<VhdKind, number>> = { fixed: 2, dynamic: 3, differencing: 4 };
const COOKIE = 'conectix';
const VERSION_1_0 = 0x0001_0000;
/** Creator and version of XenServer's own tapdisk, which demands a batmap and reads the size as it stands. */
const CREATOR = 'tap\0';
const CREATOR_VERSION = 0x0001_0003;
/** Seconds since 2000-01-01. Fixed, so that the same disk gives the same bytes; only a future time is refused. */
const TIMESTAMP = 0;

/** A footer as it stands in a file ("Virtual Hard Disk Image Format Specification" 1.0, Hard Disk Footer Format). */
export interface VhdFooter {
  /** FOOTER_BYTES, whatever the file has of them. */
  readonly bytes: Buffer;
  /** Byte offset in the file. */
  readonly offset: number;
  readonly kind: VhdKind;
  /** Byte offset of the dynamic header; meaningless in a fixed disk. */
  readonly headerOffset: number;
  /** Seconds since 2000-01-01. */
  readonly timestamp: number;
  /** The current size. */
  readonly virtualBytes: number;
  readonly uuid: Buffer;
}

/** Whose footer is written. */
export interface FooterFacts {
  readonly kind: VhdKind;
  /** Byte offset of the dynamic header, or NO_OFFSET. */
  readonly headerOffset: bigint;
  readonly virtualBytes: number;
  readonly uuid: VhdUuid;
}

/** A footer as XenServer's tapdisk writes it ("Virtual Hard Disk Image Format Specification" 1.0). */
export function encodeFooter({ kind, headerOffset, virtualBytes, uuid }: FooterFacts): Buffer {
  const footer = Buffer.alloc(FOOTER_BYTES);
  const geometry = vhdGeometry(virtualBytes);
  footer.write(COOKIE, 0, 'latin1');
  footer.writeUInt32BE(2, 8);
  footer.writeUInt32BE(VERSION_1_0, 12);
  footer.writeBigUInt64BE(headerOffset, 16);
  footer.writeUInt32BE(TIMESTAMP, 24);
  footer.write(CREATOR, 28, 'latin1');
  footer.writeUInt32BE(CREATOR_VERSION, 32);
  footer.writeBigUInt64BE(BigInt(virtualBytes), 40);
  footer.writeBigUInt64BE(BigInt(virtualBytes), 48);
  footer.writeUInt16BE(geometry.cylinders, 56);
  footer.writeUInt8(geometry.heads, 58);
  footer.writeUInt8(geometry.sectorsPerTrack, 59);
  footer.writeUInt32BE(DISK_TYPES[kind], 60);
  footer.set(uuid, 68);
  footer.writeUInt32BE(vhdChecksum(footer), FOOTER_CHECKSUM_AT);
  return footer;
}

/** Whether a footer is our own: tapdisk, whose name we give, writes the time. */
export function isOwnFooter({ bytes, timestamp }: VhdFooter): boolean {
  const creator = bytes.toString('latin1', 28, 32);
  return creator === CREATOR && bytes.readUInt32BE(32) === CREATOR_VERSION && timestamp === TIMESTAMP;
}

/** Byte offset of a file's last footer, if it has one; before Virtual PC 2004 it had 511 bytes (the same section). */
export function endFooterOffset(file: ByteSource): number {
  const length = file.length % SECTOR_BYTES === FOOTER_BYTES - 1 ? FOOTER_BYTES - 1 : FOOTER_BYTES;
  return Math.max(0, file.length - length);
}

/** Reads a footer, not yet judged. Rejects with VHD_INVALID when there is none at `offset`, SOURCE_*. */
export async function readFooterAt(file: ByteSource, offset: number): Promise<VhdFooter> {
  const bytes = Buffer.alloc(FOOTER_BYTES);
  await file.read(bytes, 0, Math.min(FOOTER_BYTES, file.length - offset), offset);
  if (bytes.toString('latin1', 0, COOKIE.length) !== COOKIE) throw invalid(file, offset, 'no VHD footer');
  return {
    bytes,
    offset,
    kind: kindOf(file, offset + 60, bytes.readUInt32BE(60)),
    headerOffset: Number(bytes.readBigUInt64BE(16)),
    timestamp: bytes.readUInt32BE(24),
    virtualBytes: Number(bytes.readBigUInt64BE(48)),
    uuid: bytes.subarray(68, 84),
  };
}

function kindOf(file: ByteSource, offset: number, type: number): VhdKind {
  if (type === DISK_TYPES.fixed) return 'fixed';
  if (type === DISK_TYPES.dynamic) return 'dynamic';
  if (type === DISK_TYPES.differencing) return 'differencing';
  throw invalid(file, offset, `disk type ${type} is unknown`);
}

/**
 * The footer at the end, or its copy at the start where that one is damaged or missing; the note says so.
 * Rejects with VHD_INVALID when neither is good, SOURCE_*.
 */
export async function readGoodFooter(
  file: ByteSource,
): Promise<{ readonly footer: VhdFooter; readonly notes: readonly string[] }> {
  try {
    return { footer: await readSoundFooter(file, endFooterOffset(file)), notes: [] };
  } catch (error) {
    if (!isFormatError(error)) throw error;
    const footer = await readSoundFooter(file, 0).catch(() => null);
    // What a fixed disk begins with is the guest's, whatever it looks like.
    if (footer === null || footer.kind === 'fixed') throw error;
    return {
      footer,
      notes: ['the VHD footer at the end is damaged or missing; its copy at the start was used'],
    };
  }
}

async function readSoundFooter(file: ByteSource, offset: number): Promise<VhdFooter> {
  const footer = await readFooterAt(file, offset);
  if (checksumFits(footer.bytes, FOOTER_CHECKSUM_AT)) return footer;
  throw invalid(file, offset + FOOTER_CHECKSUM_AT, 'the footer checksum is wrong');
}
