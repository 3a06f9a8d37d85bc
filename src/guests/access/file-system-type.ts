import { KIB } from '../../model/units.js';
import { type DiskPart, readPart } from './guest-bytes.js';
import { readNtfsVolume } from './ntfs-flags.js';

/** What a partition or a volume holds. */
export interface FileSystemType {
  /** As blkid has it: `ext4`, `xfs`, `btrfs`, `ntfs`, `vfat`, `swap`, `crypto_LUKS`, `LVM2_member`, ... */
  readonly type: string;
  /** As blkid prints them; null when there is none. */
  readonly uuid: string | null;
  readonly label: string | null;
  /** Why it must not be written as it is: `journal`: writes wait to be replayed; `dirty`: Windows wants to check it. */
  readonly unclean: 'journal' | 'dirty' | null;
}

type Probe = (part: DiskPart) => Promise<FileSystemType | null>;

/**
 * What a part of a disk holds, by the signatures and superblocks of each format; null for nothing known. RAID, LVM and
 * encryption come first: what lies in them may look like a file system from outside. Rejects as the source does.
 */
export async function probeFileSystem(part: DiskPart): Promise<FileSystemType | null> {
  for (const probe of PROBES) {
    const found = await probe(part);
    if (found !== null) return found;
  }
  return null;
}

const PROBES: readonly Probe[] = [luks, mdraid, lvmMember, ntfs, xfs, ext, btrfs, swap, fat];

/** LUKS on-disk format: magic at 0, version at 6; UUID as text at 168; version 2 has its label at 24. */
async function luks(part: DiskPart): Promise<FileSystemType | null> {
  const header = await readPart(part, 0, 512);
  if (header?.toString('latin1', 0, 6) !== 'LUKS\xba\xbe') return null;
  const label = header.readUInt16BE(6) === 2 ? textAt(header, 24, 48) : null;
  return found('crypto_LUKS', textAt(header, 168, 40), label);
}

/**
 * Linux md: magic a92b4efc. Version 1 has its superblock at byte 0 (1.1), 4096 (1.2), or 8 KiB before the end, rounded
 * down to 4 KiB (1.0); version 0.90 in the last whole 64 KiB, 64 KiB before their end.
 */
async function mdraid(part: DiskPart): Promise<FileSystemType | null> {
  const end = Math.floor((part.length - 8 * KIB) / (4 * KIB)) * 4 * KIB;
  for (const at of [0, 4 * KIB, end]) {
    const block = await readPart(part, at, 512);
    if (block?.readUInt32LE(0) !== 0xa92b_4efc || block.readUInt32LE(4) !== 1) continue;
    return found('linux_raid_member', uuidAt(block, 16), textAt(block, 32, 32));
  }
  const old = await readPart(part, Math.floor(part.length / (64 * KIB) - 1) * 64 * KIB, 4 * KIB);
  if (old?.readUInt32LE(0) !== 0xa92b_4efc || old.readUInt32LE(4) !== 0) return null;
  const words = [20, 52, 56, 60].map((at) => old.readUInt32LE(at));
  const uuid = Buffer.alloc(16);
  for (const [index, word] of words.entries()) uuid.writeUInt32BE(word, 4 * index);
  return found('linux_raid_member', uuidAt(uuid, 0), null);
}

/** LVM2: `LABELONE` in one of the first four sectors; the physical volume's id follows the label's 32 bytes. */
async function lvmMember(part: DiskPart): Promise<FileSystemType | null> {
  const sectors = await readPart(part, 0, 2048);
  if (sectors === null) return null;
  for (let at = 0; at < sectors.length; at += 512) {
    if (sectors.toString('latin1', at, at + 8) !== 'LABELONE') continue;
    if (sectors.toString('latin1', at + 24, at + 32) !== 'LVM2 001') continue;
    const header = at + sectors.readUInt32LE(at + 20);
    if (header + 32 > sectors.length) continue;
    return found('LVM2_member', lvmId(sectors.toString('latin1', header, header + 32)), null);
  }
  return null;
}

/** 32 letters and digits in LVM's groups: 6-4-4-4-4-4-6. */
function lvmId(text: string): string {
  return text.replace(/^(.{6})(.{4})(.{4})(.{4})(.{4})(.{4})(.{6})$/s, '$1-$2-$3-$4-$5-$6-$7');
}

/** NTFS: `NTFS    ` at 3, serial number at 72. BitLocker: `-FVE-FS-` in its place. */
async function ntfs(part: DiskPart): Promise<FileSystemType | null> {
  const boot = await readPart(part, 0, 512);
  const oem = boot?.toString('latin1', 3, 11);
  if (oem === '-FVE-FS-') return found('BitLocker', null, null);
  if (boot === null || oem !== 'NTFS    ') return null;
  const uuid = boot.readBigUInt64LE(72).toString(16).toUpperCase().padStart(16, '0');
  const volume = await readNtfsVolume(part, boot);
  // Without $Volume nobody knows whether the rest is whole.
  return {
    type: 'ntfs',
    uuid,
    label: volume?.label ?? null,
    unclean: volume?.dirty === false ? null : 'dirty',
  };
}

/** XFS: `XFSB` at 0, UUID at 32, label at 108. Its log is replayed by the kernel when it mounts. */
async function xfs(part: DiskPart): Promise<FileSystemType | null> {
  const block = await readPart(part, 0, 512);
  if (block?.toString('latin1', 0, 4) !== 'XFSB') return null;
  return found('xfs', uuidAt(block, 32), textAt(block, 108, 12));
}

const EXT_JOURNAL = 0x4;
const EXT_NEEDS_RECOVERY = 0x4;
const EXT_JOURNAL_DEVICE = 0x8;
/** What ext3 may have: filetype, needs_recovery, meta_bg. */
const EXT3_INCOMPATIBLE = 0x2 | 0x4 | 0x10;
/** What ext2 and ext3 may have: sparse_super, large_file, btree_dir. */
const EXT3_READ_ONLY = 0x1 | 0x2 | 0x4;

/** ext2/3/4: superblock at 1024, magic ef53 at its byte 56; features at 92, 96 and 100; UUID at 104, label at 120. */
async function ext(part: DiskPart): Promise<FileSystemType | null> {
  const block = await readPart(part, 1024, 1024);
  if (block?.readUInt16LE(56) !== 0xef53) return null;
  const compatible = block.readUInt32LE(92);
  const incompatible = block.readUInt32LE(96);
  const readOnly = block.readUInt32LE(100);
  if ((incompatible & EXT_JOURNAL_DEVICE) !== 0)
    return found('jbd', uuidAt(block, 104), textAt(block, 120, 16));
  const beyond = (incompatible & ~EXT3_INCOMPATIBLE) !== 0 || (readOnly & ~EXT3_READ_ONLY) !== 0;
  const journaled = (compatible & EXT_JOURNAL) !== 0;
  return {
    type: beyond ? 'ext4' : journaled ? 'ext3' : 'ext2',
    uuid: uuidAt(block, 104),
    label: textAt(block, 120, 16),
    unclean: (incompatible & EXT_NEEDS_RECOVERY) !== 0 ? 'journal' : null,
  };
}

/** Btrfs: superblock at 64 KiB, magic at its byte 64, UUID at 32, label at 299. */
async function btrfs(part: DiskPart): Promise<FileSystemType | null> {
  const block = await readPart(part, 64 * KIB, 1024);
  if (block?.toString('latin1', 64, 72) !== '_BHRfS_M') return null;
  return found('btrfs', uuidAt(block, 32), textAt(block, 299, 256));
}

/** Swap: `SWAPSPACE2` in the last ten bytes of the first page, of 4 to 64 KiB; UUID at 1036, label at 1052. */
async function swap(part: DiskPart): Promise<FileSystemType | null> {
  for (const page of [4, 8, 16, 32, 64]) {
    const magic = await readPart(part, page * KIB - 10, 10);
    if (magic?.toString('latin1') !== 'SWAPSPACE2') continue;
    const header = await readPart(part, 1024, 512);
    return header === null ? null : found('swap', uuidAt(header, 12), textAt(header, 28, 16));
  }
  return null;
}

/** Microsoft's FAT specification (fatgen103): the type's text is no proof, so the fields it stands among must fit. */
async function fat(part: DiskPart): Promise<FileSystemType | null> {
  const boot = await readPart(part, 0, 512);
  if (boot === null || boot.readUInt16LE(510) !== 0xaa55) return null;
  const sectorBytes = boot.readUInt16LE(11);
  const perCluster = boot.readUInt8(13);
  const copies = boot.readUInt8(16);
  if (![512, 1024, 2048, 4096].includes(sectorBytes) || !isPowerOfTwo(perCluster)) return null;
  if (copies < 1 || copies > 2 || boot.readUInt16LE(14) === 0 || boot.readUInt8(21) < 0xf0) return null;
  const large = boot.readUInt16LE(22) === 0;
  const extended = large ? 66 : 38;
  if (boot.readUInt8(extended) !== 0x29) return found('vfat', null, null);
  const id = boot
    .readUInt32LE(extended + 1)
    .toString(16)
    .toUpperCase()
    .padStart(8, '0');
  const label = boot.toString('latin1', extended + 5, extended + 16).trimEnd();
  const uuid = `${id.slice(0, 4)}-${id.slice(4)}`;
  return found('vfat', uuid, label === '' || label === 'NO NAME' ? null : label);
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && (value & (value - 1)) === 0;
}

function found(type: string, uuid: string | null, label: string | null): FileSystemType {
  return { type, uuid, label, unclean: null };
}

/** Null when all bytes are zero, which is no UUID. */
function uuidAt(bytes: Buffer, at: number): string | null {
  const hex = bytes.toString('hex', at, at + 16);
  if (/^0+$/.test(hex)) return null;
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function textAt(bytes: Buffer, at: number, length: number): string | null {
  const text = bytes.toString('utf8', at, at + length);
  const end = text.indexOf('\0');
  return (end < 0 ? text : text.slice(0, end)).trim() || null;
}
