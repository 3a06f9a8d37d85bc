import { BLOCK_BYTES, SECTOR_BYTES } from '../model/units.js';
import { vhdChecksum } from './checksum.js';
import { vhdGeometry } from './geometry.js';
import { BLOCK_BITMAP_BYTES, FOOTER_BYTES, MAX_VHD_BYTES, UNUSED_BAT_ENTRY } from './layout.js';
import { checksumFits, type DynamicVhd, openDynamicVhd, readBytes } from './reader.js';

export interface VhdCheck {
  readonly virtualBytes: number;
  readonly storedBlocks: number;
  /** Why XenServer would refuse the file, in words; empty when it is good. */
  readonly findings: readonly string[];
}

/** Seconds from 1970 to 2000, where VHD time begins. */
const VHD_EPOCH = 946_684_800;
const ALLOWED_FUTURE_SECONDS = 30 * 60;
const FIRST_CREATOR_VERSION_WITH_BATMAP = 0x0001_0002;

/**
 * Judges a dynamic VHD by the rules of XenServer's own checker (`vhd-util check`).
 * Throws SOURCE_*, or VHD_INVALID when it is no dynamic VHD at all.
 */
export function checkVhd(path: string): VhdCheck {
  const vhd = openDynamicVhd(path);
  try {
    const findings = [
      ...footerFindings(vhd),
      ...headerFindings(vhd),
      ...blockFindings(vhd),
      ...batmapFindings(vhd),
    ];
    const storedBlocks = vhd.bat.reduce((count, sector) => count + (sector === UNUSED_BAT_ENTRY ? 0 : 1), 0);
    return { virtualBytes: vhd.virtualBytes, storedBlocks, findings };
  } finally {
    vhd.file.close();
  }
}

function* footerFindings({ footer, footerCopy, virtualBytes }: DynamicVhd): Generator<string> {
  if (!footer.equals(footerCopy)) yield 'the footer and its copy at the start differ';
  if (!checksumFits(footer, 64)) yield 'the footer checksum is wrong';
  if ((footer.readUInt32BE(8) & ~1) !== 2) yield 'unknown feature bits in the footer';
  if (footer.readUInt32BE(12) !== 0x0001_0000) yield 'the format version is not 1.0';
  const timestamp = footer.readUInt32BE(24) + VHD_EPOCH;
  if (timestamp > Date.now() / 1000 + ALLOWED_FUTURE_SECONDS) yield 'the creation time lies in the future';
  if (footer.subarray(68, 84).every((byte) => byte === 0)) yield 'the disk has no UUID';
  if (footer.readUInt8(84) > 1 || footer.readUInt8(85) > 1)
    yield 'the saved or hidden flag is neither 0 nor 1';
  if (virtualBytes < BLOCK_BYTES || virtualBytes > MAX_VHD_BYTES) {
    yield `the disk size of ${virtualBytes} bytes is not between 2 MiB and 2040 GiB`;
  }
  const { cylinders, heads, sectorsPerTrack } = vhdGeometry(virtualBytes);
  const largest = ((cylinders << 16) | (heads << 8) | sectorsPerTrack) >>> 0;
  if (footer.readUInt32BE(56) > largest) yield 'the geometry is too large for the disk size';
}

function* headerFindings({ header, batOffset, bat, virtualBytes }: DynamicVhd): Generator<string> {
  if (!checksumFits(header, 36)) yield 'the dynamic header checksum is wrong';
  if (header.readUInt32BE(24) !== 0x0001_0000) yield 'the dynamic header version is not 1.0';
  if (header.readUInt32BE(32) !== BLOCK_BYTES)
    yield `blocks of ${header.readUInt32BE(32)} bytes instead of 2 MiB`;
  if (batOffset % SECTOR_BYTES !== 0) yield 'the block allocation table does not start on a sector';
  if (bat.length * BLOCK_BYTES < virtualBytes) yield 'the block allocation table is too small for the disk';
  if (header.subarray(40, 64).some((byte) => byte !== 0))
    yield 'parent fields are set in a disk without a parent';
}

function* blockFindings({ bat, batOffset, file }: DynamicVhd): Generator<string> {
  const metadataEnd = batOffset + bat.length * 4;
  const dataEnd = file.length - FOOTER_BYTES;
  const stride = BLOCK_BITMAP_BYTES + BLOCK_BYTES;
  const offsets = [...bat].flatMap((sector) => (sector === UNUSED_BAT_ENTRY ? [] : [sector * SECTOR_BYTES]));
  offsets.sort((a, b) => a - b);
  for (const [index, offset] of offsets.entries()) {
    const next = offsets[index + 1] ?? dataEnd;
    if (offset < metadataEnd) yield `the block at byte ${offset} overlaps the tables`;
    if (offset + stride > next)
      yield `the block at byte ${offset} overlaps what follows or runs past the end`;
  }
}

function* batmapFindings({ footer, bat, batOffset, file }: DynamicVhd): Generator<string> {
  const tapdisk = footer.toString('latin1', 28, 31) === 'tap';
  if (!tapdisk || footer.readUInt32BE(32) < FIRST_CREATOR_VERSION_WITH_BATMAP) return;
  const headerOffset = Math.ceil((batOffset + bat.length * 4) / SECTOR_BYTES) * SECTOR_BYTES;
  if (headerOffset + SECTOR_BYTES > file.length) {
    yield 'the batmap is missing';
    return;
  }
  const header = readBytes(file, headerOffset, SECTOR_BYTES);
  const mapOffset = Number(header.readBigUInt64BE(8));
  const mapBytes = header.readUInt32BE(16) * SECTOR_BYTES;
  if (header.toString('latin1', 0, 8) !== 'tdbatmap') yield 'the batmap is missing';
  else if (mapOffset + mapBytes > file.length || mapBytes * 8 < bat.length)
    yield 'the batmap lies outside the file';
  else if (vhdChecksum(readBytes(file, mapOffset, mapBytes)) !== header.readUInt32BE(24)) {
    yield 'the batmap checksum is wrong';
  }
}
