import { BLOCK_BYTES } from '../model/units.js';
import { checksumFits } from './checksum.js';
import { FOOTER_CHECKSUM_AT, type VhdFooter } from './footer.js';
import { vhdGeometry } from './geometry.js';
import { MAX_VHD_BYTES } from './layout.js';

/** Seconds from 1970 to 2000, where VHD time begins. */
const VHD_EPOCH = 946_684_800;
const ALLOWED_FUTURE_SECONDS = 30 * 60;
const NEWEST_TAPDISK = 0x0001_0003;

/** What `vhd-util check` refuses in a footer, in words. */
export function* footerFindings({ bytes, timestamp, virtualBytes, uuid }: VhdFooter): Generator<string> {
  if (!checksumFits(bytes, FOOTER_CHECKSUM_AT)) yield 'the footer checksum is wrong';
  if ((bytes.readUInt32BE(8) & ~1) !== 2) yield 'unknown feature bits in the footer';
  if (bytes.readUInt32BE(12) !== 0x0001_0000) yield 'the format version is not 1.0';
  if (isInFuture(timestamp)) yield 'the creation time lies in the future';
  if (tapdiskVersion(bytes) > NEWEST_TAPDISK) yield 'the footer is of a newer tapdisk than 1.3';
  if (isZeros(uuid)) yield 'the disk has no UUID';
  if (bytes.readUInt8(84) > 1 || bytes.readUInt8(85) > 1) yield 'the saved or hidden flag is neither 0 nor 1';
  if (!isZeros(bytes.subarray(86))) yield 'reserved bytes of the footer are set';
  if (virtualBytes < BLOCK_BYTES || virtualBytes > MAX_VHD_BYTES) {
    yield `the disk size of ${virtualBytes} bytes is not between 2 MiB and 2040 GiB`;
  }
  const { cylinders, heads, sectorsPerTrack } = vhdGeometry(virtualBytes);
  const largest = ((cylinders << 16) | (heads << 8) | sectorsPerTrack) >>> 0;
  if (bytes.readUInt32BE(56) > largest) yield 'the geometry is too large for the disk size';
}

/** Whether a time, in seconds since 2000-01-01, is later than clocks that disagree would explain. */
export function isInFuture(timestamp: number): boolean {
  return timestamp + VHD_EPOCH > Date.now() / 1000 + ALLOWED_FUTURE_SECONDS;
}

/** Of a footer that says XenServer's tapdisk made the file; 0 for all others. */
export function tapdiskVersion(footer: Buffer): number {
  return footer.toString('latin1', 28, 31) === 'tap' ? footer.readUInt32BE(32) : 0;
}

export function isZeros(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}
