import type { ByteSource } from '../../io/byte-source.js';
import { SECTOR_BYTES } from '../../model/units.js';
import { crc32 } from './crc32.js';
import { type DiskPart, readPart } from './guest-bytes.js';

export interface Partition {
  /** As Linux counts: `sda1` is 1; logical partitions of an MBR begin with 5. */
  readonly number: number;
  /** Bytes from the start of the disk. */
  readonly offset: number;
  readonly length: number;
  /** MBR: the type in two hex digits; GPT: the type's GUID in lower case. */
  readonly type: string;
}

export interface PartitionTable {
  /** `none`: the disk is one file system, or empty. */
  readonly kind: 'gpt' | 'mbr' | 'none';
  /** Ascending by number; none of zero length, none reaching out of the disk. */
  readonly partitions: readonly Partition[];
  /** For people: what was wrong and passed over. */
  readonly problems: readonly string[];
}

/** Windows makes 128; more would only be a way to make us work. */
const MAX_PARTITIONS = 128;
/** UEFI 5.3.2: an entry has 128 * 2^n bytes. */
const MAX_GPT_ENTRY = 4096;

/**
 * The partitions of a disk with sectors of 512 bytes, as all of VMware's virtual disks have. MBR: four entries of 16
 * bytes at byte 446 and 55 AA at 510; types 05, 0f and 85 hold a chain of tables with logical partitions. GPT: UEFI
 * specification 2.10, chapter 5.3; the backup in the last sector stands in when the first header or its entries do not
 * fit their CRC. A GPT counts only behind a protective MBR (type ee), as Linux has it. Rejects as the source does.
 */
export async function readPartitionTable(source: ByteSource): Promise<PartitionTable> {
  const disk: DiskPart = { source, offset: 0, length: source.length };
  const first = await readPart(disk, 0, SECTOR_BYTES);
  if (first === null || !hasSignature(first) || isBootSector(first)) return EMPTY;
  const entries = mbrEntries(first);
  if (entries.some(({ type }) => type === 0xee)) return await readGpt(disk);
  if (!entries.every(({ status }) => status === 0 || status === 0x80)) return EMPTY;
  return await readMbr(disk, entries);
}

const EMPTY: PartitionTable = { kind: 'none', partitions: [], problems: [] };

interface MbrEntry {
  readonly status: number;
  readonly type: number;
  /** Sectors. */
  readonly start: number;
  readonly count: number;
}

function hasSignature(sector: Buffer): boolean {
  return sector.readUInt16LE(510) === 0xaa55;
}

/** FAT and NTFS on a whole disk have the MBR's signature too, and code where an MBR has its entries. */
function isBootSector(sector: Buffer): boolean {
  const text = (start: number, length: number) => sector.toString('latin1', start, start + length);
  return (
    text(3, 8) === 'NTFS    ' ||
    text(3, 8) === '-FVE-FS-' ||
    (text(54, 3) === 'FAT' && sector.readUInt16LE(11) >= SECTOR_BYTES) ||
    text(82, 5) === 'FAT32'
  );
}

function mbrEntries(sector: Buffer): MbrEntry[] {
  return [446, 462, 478, 494].map((at) => ({
    status: sector.readUInt8(at),
    type: sector.readUInt8(at + 4),
    start: sector.readUInt32LE(at + 8),
    count: sector.readUInt32LE(at + 12),
  }));
}

function isExtended(type: number): boolean {
  return type === 0x05 || type === 0x0f || type === 0x85;
}

async function readMbr(disk: DiskPart, entries: readonly MbrEntry[]): Promise<PartitionTable> {
  const partitions: Partition[] = [];
  const problems: string[] = [];
  const add = (number: number, { type, start, count }: MbrEntry, from: number) => {
    if (type === 0 || count === 0) return;
    const offset = (from + start) * SECTOR_BYTES;
    const length = count * SECTOR_BYTES;
    if (offset === 0 || offset + length > disk.length) {
      problems.push(`partition ${number} reaches out of the disk`);
    } else {
      partitions.push({ number, offset, length, type: type.toString(16).padStart(2, '0') });
    }
  };
  for (const [index, entry] of entries.entries()) {
    if (!isExtended(entry.type)) add(index + 1, entry, 0);
  }
  const extended = entries.find(({ type }) => isExtended(type));
  if (extended === undefined) return { kind: 'mbr', partitions, problems };
  const seen = new Set<number>();
  let at = extended.start;
  for (let number = 5; number <= MAX_PARTITIONS; ) {
    if (seen.has(at)) {
      problems.push('the chain of logical partitions leads back to itself');
      break;
    }
    seen.add(at);
    const sector = await readPart(disk, at * SECTOR_BYTES, SECTOR_BYTES);
    if (sector === null || !hasSignature(sector)) {
      problems.push('the chain of logical partitions is broken');
      break;
    }
    const [partition, next] = mbrEntries(sector);
    if (
      partition !== undefined &&
      partition.type !== 0 &&
      !isExtended(partition.type) &&
      partition.count > 0
    ) {
      add(number, partition, at);
      number += 1;
    }
    if (next === undefined || !isExtended(next.type) || next.count === 0) break;
    at = extended.start + next.start;
  }
  return { kind: 'mbr', partitions, problems };
}

async function readGpt(disk: DiskPart): Promise<PartitionTable> {
  const first = await gptAt(disk, 1);
  if (Array.isArray(first)) return { kind: 'gpt', partitions: first, problems: [] };
  const backup = await gptAt(disk, Math.floor(disk.length / SECTOR_BYTES) - 1);
  if (!Array.isArray(backup)) return { kind: 'gpt', partitions: [], problems: [first, backup] };
  return { kind: 'gpt', partitions: backup, problems: [`${first}; its backup was used`] };
}

/** The partitions, or why there are none. */
async function gptAt(disk: DiskPart, sector: number): Promise<Partition[] | string> {
  const header = await readPart(disk, sector * SECTOR_BYTES, SECTOR_BYTES);
  if (header === null || header.toString('latin1', 0, 8) !== 'EFI PART') return 'the GPT has no header';
  const headerBytes = header.readUInt32LE(12);
  if (headerBytes < 92 || headerBytes > SECTOR_BYTES) return "the GPT's header has an impossible size";
  const covered = Buffer.from(header.subarray(0, headerBytes));
  covered.writeUInt32LE(0, 16);
  if (crc32(covered) !== header.readUInt32LE(16)) return "the GPT's header does not fit its checksum";
  if (header.readBigUInt64LE(24) !== BigInt(sector)) return "the GPT's header belongs to another sector";
  const count = header.readUInt32LE(80);
  const entryBytes = header.readUInt32LE(84);
  if (entryBytes < 128 || entryBytes > MAX_GPT_ENTRY || entryBytes % 8 !== 0 || count > 1024) {
    return "the GPT's entries have an impossible size";
  }
  const start = sectorBytes(header.readBigUInt64LE(72));
  const table = await readPart(disk, start, count * entryBytes);
  if (table === null) return "the GPT's entries lie outside the disk";
  if (crc32(table) !== header.readUInt32LE(88)) return "the GPT's entries do not fit their checksum";
  return gptPartitions(disk, table, entryBytes);
}

function gptPartitions(disk: DiskPart, table: Buffer, entryBytes: number): Partition[] {
  const partitions: Partition[] = [];
  for (let at = 0; at < table.length && partitions.length < MAX_PARTITIONS; at += entryBytes) {
    const type = guidAt(table, at);
    if (type === '00000000-0000-0000-0000-000000000000') continue;
    const offset = sectorBytes(table.readBigUInt64LE(at + 32));
    const length = sectorBytes(table.readBigUInt64LE(at + 40)) + SECTOR_BYTES - offset;
    if (offset === 0 || length <= 0 || offset + length > disk.length) continue;
    partitions.push({ number: at / entryBytes + 1, offset, length, type });
  }
  return partitions;
}

/** In bytes; numbers no disk has become one that lies outside of every disk. */
function sectorBytes(sectors: bigint): number {
  return Number(sectors < 1n << 40n ? sectors : 1n << 40n) * SECTOR_BYTES;
}

/** A GUID with its first three groups in little-endian order, as Microsoft and UEFI store it. */
function guidAt(bytes: Buffer, at: number): string {
  const hex = (start: number, end: number) => bytes.toString('hex', at + start, at + end);
  const little = (start: number, end: number) =>
    Buffer.from(bytes.subarray(at + start, at + end))
      .reverse()
      .toString('hex');
  return `${little(0, 4)}-${little(4, 6)}-${little(6, 8)}-${hex(8, 10)}-${hex(10, 16)}`;
}
