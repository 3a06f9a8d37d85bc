import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { type Disk, GRAIN } from '../disk-store.js';
import { type Base, changedGrains } from './changed-grains.js';

const SECTOR = 512;
const TABLE = 512 + 1024;
const UNUSED = 0xffff_ffff;
/** Seconds from 1970 to 2000, from where a VHD counts. */
const EPOCH = 946_684_800;
const MOST_SECTORS = 65_535 * 16 * 255;

/** Cylinders, heads and sectors by the format's own rule, as one number. */
function geometry(size: number): number {
  const sectors = Math.min(Math.floor(size / SECTOR), MOST_SECTORS);
  const pack = (spt: number, heads: number): number =>
    ((Math.floor(Math.floor(sectors / spt) / heads) << 16) | (heads << 8) | spt) >>> 0;
  if (sectors >= 65_535 * 16 * 63) {
    return pack(255, 16);
  }
  const heads = Math.max(4, Math.ceil(Math.floor(sectors / 17) / 1024));
  if (Math.floor(sectors / 17) < heads * 1024 && heads <= 16) {
    return pack(17, heads);
  }
  return Math.floor(sectors / 31) < 16 * 1024 ? pack(31, 16) : pack(63, 16);
}

function summed(bytes: Buffer, at: number): Buffer {
  let sum = 0;
  for (const byte of bytes) {
    sum += byte;
  }
  bytes.writeUInt32BE(~sum >>> 0, at);
  return bytes;
}

function footerOf(size: number, type: 3 | 4): Buffer {
  const footer = Buffer.alloc(SECTOR);
  footer.write('conectix', 0, 'latin1');
  footer.writeUInt32BE(2, 8);
  footer.writeUInt32BE(0x0001_0000, 12);
  footer.writeBigUInt64BE(BigInt(SECTOR), 16);
  footer.writeUInt32BE(Math.floor(Date.now() / 1000) - EPOCH, 24);
  footer.write('tap\0', 28, 'latin1');
  footer.writeUInt32BE(0x0001_0003, 32);
  footer.writeBigUInt64BE(BigInt(size), 40);
  footer.writeBigUInt64BE(BigInt(size), 48);
  footer.writeUInt32BE(geometry(size), 56);
  footer.writeUInt32BE(type, 60);
  randomBytes(16).copy(footer, 68);
  return summed(footer, 64);
}

/** `parent` is the UUID of the disk that a delta is told against. */
function headerOf(entries: number, parent?: string): Buffer {
  const header = Buffer.alloc(1024);
  header.write('cxsparse', 0, 'latin1');
  header.writeBigUInt64BE(0xffff_ffff_ffff_ffffn, 8);
  header.writeBigUInt64BE(BigInt(TABLE), 16);
  header.writeUInt32BE(0x0001_0000, 24);
  header.writeUInt32BE(entries, 28);
  header.writeUInt32BE(GRAIN, 32);
  if (parent !== undefined) {
    Buffer.from(parent.replaceAll('-', ''), 'hex').copy(header, 40);
    Buffer.from(`${parent}.vhd`, 'utf16le').swap16().copy(header, 64);
  }
  return summed(header, 36);
}

/**
 * A disk as a dynamic VHD of 2 MiB blocks; a differencing one of what is not in another disk. A piece is valid until the
 * next is asked for.
 */
export async function* vhdPieces(disk: Disk, file: FileHandle, base?: Base): AsyncGenerator<Buffer> {
  const entries = Math.ceil(disk.size / GRAIN);
  const footer = footerOf(disk.size, base === undefined ? 3 : 4);
  const stored =
    base === undefined
      ? [...disk.written()].map(({ offset }) => offset)
      : await changedGrains(disk, file, base);
  const bat = Buffer.alloc(Math.ceil((4 * entries) / SECTOR) * SECTOR, 0xff);
  const start = (TABLE + bat.length) / SECTOR;
  const step = 1 + GRAIN / SECTOR;
  bat.fill(0xff);
  for (const [number, offset] of stored.entries()) {
    bat.writeUInt32BE(Math.min(start + number * step, UNUSED), (4 * offset) / GRAIN);
  }
  yield Buffer.concat([footer, headerOf(entries, base?.uuid), bat]);
  const block = Buffer.alloc(SECTOR + GRAIN, 0xff);
  for (const offset of stored) {
    const length = Math.min(GRAIN, disk.size - offset);
    await file.read(block, SECTOR, length, offset);
    yield block.fill(0, SECTOR + length);
  }
  yield footer;
}
