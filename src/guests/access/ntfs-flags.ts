import { type DiskPart, readPart } from './guest-bytes.js';

const VOLUME_RECORD = 3;
const LABEL_ATTRIBUTE = 0x60;
const INFORMATION_ATTRIBUTE = 0x70;
const END_ATTRIBUTE = 0xffff_ffff;
const MAX_RECORD = 4096;

export interface NtfsVolume {
  /** Windows wants to check it: it was not shut down cleanly. */
  readonly dirty: boolean;
  readonly label: string | null;
}

/**
 * What NTFS' file $Volume says, record 3 of the MFT: attribute 60 is the label in UTF-16LE, attribute 70 the volume
 * information, whose 16-bit flags at byte 10 have bit 0 set on a volume that is to be checked. The boot sector gives
 * bytes a sector at 11, sectors a cluster at 13, the MFT's first cluster at 48 and the record's size at 64. The last two bytes
 * of each sector of a record are kept in the array that byte 4 points to. Null when any of this does not fit.
 */
export async function readNtfsVolume(part: DiskPart, boot: Buffer): Promise<NtfsVolume | null> {
  const sectorBytes = boot.readUInt16LE(11);
  const perCluster = powerOrCount(boot.readUInt8(13));
  const clusterBytes = sectorBytes * perCluster;
  const sizeCode = boot.readInt8(64);
  const recordBytes = sizeCode < 0 ? 2 ** -sizeCode : sizeCode * clusterBytes;
  if (sectorBytes < 256 || recordBytes < 512 || recordBytes > MAX_RECORD) return null;
  const mft = Number(boot.readBigUInt64LE(48)) * clusterBytes;
  const record = await readPart(part, mft + VOLUME_RECORD * recordBytes, recordBytes);
  if (record === null || !restoreSectorEnds(record)) return null;
  return volumeOf(record);
}

/** Sectors a cluster; values above 128 are negative powers of two, for clusters above 64 KiB. */
function powerOrCount(code: number): number {
  return code > 128 ? 2 ** (256 - code) : code;
}

function restoreSectorEnds(record: Buffer): boolean {
  if (record.toString('latin1', 0, 4) !== 'FILE') return false;
  const array = record.readUInt16LE(4);
  const count = record.readUInt16LE(6);
  if (count !== record.length / 512 + 1 || array + 2 * count > record.length) return false;
  const mark = record.readUInt16LE(array);
  for (let sector = 1; sector < count; sector += 1) {
    const end = sector * 512 - 2;
    if (record.readUInt16LE(end) !== mark) return false;
    record.writeUInt16LE(record.readUInt16LE(array + 2 * sector), end);
  }
  return true;
}

function volumeOf(record: Buffer): NtfsVolume | null {
  let label: string | null = null;
  let at = record.readUInt16LE(20);
  while (at + 24 <= record.length && record.readUInt32LE(at) !== END_ATTRIBUTE) {
    const kind = record.readUInt32LE(at);
    const length = record.readUInt32LE(at + 4);
    const valueLength = record.readUInt32LE(at + 16);
    const value = at + record.readUInt16LE(at + 20);
    if (length < 24 || at + length > record.length || value + valueLength > at + length) return null;
    if (kind === LABEL_ATTRIBUTE)
      label = record.toString('utf16le', value, value + (valueLength & ~1)) || null;
    if (kind === INFORMATION_ATTRIBUTE && valueLength >= 12) {
      return { dirty: (record.readUInt16LE(value + 10) & 1) !== 0, label };
    }
    at += length;
  }
  return null;
}
