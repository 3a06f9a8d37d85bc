import { MIB, SECTOR_BYTES } from '../../model/units.js';
import { crc32Register } from './crc32.js';
import { type DiskPart, readPart } from './guest-bytes.js';
import { type LvmSection, type LvmValue, parseLvmText } from './lvm-text.js';

/** A physical volume with the metadata it carries. */
export interface PhysicalVolume {
  readonly part: DiskPart;
  /** 32 letters and digits, without dashes. */
  readonly id: string;
  /** Null for a volume that carries none, as `pvcreate --metadatacopies 0` makes it. */
  readonly metadata: LvmSection | null;
}

export interface LogicalVolume {
  /** `/dev/mapper/group-volume`, with dashes in a name doubled. */
  readonly device: string;
  /** Where it lies, in one piece; null when it cannot be reached so. */
  readonly part: DiskPart | null;
  /** Why it cannot; null when it can. */
  readonly refusal: string | null;
}

/** LVM's CRC-32 begins with this and inverts nothing (lib/misc/crc.c of LVM2). */
const INITIAL_CRC = 0xf597_a6cf;
const METADATA_MAGIC = ' LVM2 x[5A%r0N*>';
const IGNORED = 1;
const MAX_METADATA = 16 * MIB;
const MAX_VOLUMES = 512;

/**
 * The physical volume on a part of a disk; null when it is none or its checksums do not fit. Layout as lvm2's
 * lib/format_text/layout.h has it: a label sector (`LABELONE`, CRC at 16 over bytes 20 to 511), in it the id, the device's size and
 * two lists of areas (offset and length, 64 bits each, ended by zeros): data, then metadata. A metadata area begins
 * with a sector (CRC at 0 over the rest, magic at 4) that tells at 40 where in the area, taken as a ring behind that
 * sector, the text is: offset, length, CRC, flags. Rejects as the source does.
 */
export async function readPhysicalVolume(part: DiskPart): Promise<PhysicalVolume | null> {
  for (let at = 0; at < 4 * SECTOR_BYTES; at += SECTOR_BYTES) {
    const label = await readPart(part, at, SECTOR_BYTES);
    if (label === null) return null;
    if (label.toString('latin1', 0, 8) !== 'LABELONE') continue;
    if (crc32Register(label.subarray(20), INITIAL_CRC) !== label.readUInt32LE(16)) continue;
    const header = label.readUInt32LE(20);
    if (header + 40 > label.length) continue;
    const id = label.toString('latin1', header, header + 32);
    return { part, id, metadata: await readMetadata(part, metadataAreas(label, header + 40)) };
  }
  return null;
}

/**
 * The logical volumes of all volume groups whose physical volumes are given. Linear ones in one piece can be reached
 * without device-mapper; of all others it is told why not.
 */
export function logicalVolumes(physical: readonly PhysicalVolume[]): LogicalVolume[] {
  const byId = new Map(physical.map((volume) => [volume.id, volume]));
  const groups = new Map<string, { name: string; sequence: number; group: LvmSection }>();
  for (const { metadata } of physical) {
    for (const [name, group] of Object.entries(metadata ?? {})) {
      if (!isSection(group) || typeof group.id !== 'string') continue;
      const sequence = numberOf(group.seqno);
      const known = groups.get(group.id);
      // A physical volume that was away for a while carries older metadata.
      if (known === undefined || known.sequence < sequence) groups.set(group.id, { name, sequence, group });
    }
  }
  return [...groups.values()].flatMap(({ name, group }) => volumesOf(name, group, byId));
}

function metadataAreas(label: Buffer, start: number): Array<{ offset: number; length: number }> {
  const areas: Array<{ offset: number; length: number }> = [];
  let list = 0;
  for (let at = start; at + 16 <= label.length && list < 2; at += 16) {
    const offset = Number(label.readBigUInt64LE(at));
    const length = Number(label.readBigUInt64LE(at + 8));
    if (offset === 0 && length === 0) list += 1;
    else if (list === 1) areas.push({ offset, length });
  }
  return areas;
}

async function readMetadata(
  part: DiskPart,
  areas: ReadonlyArray<{ offset: number; length: number }>,
): Promise<LvmSection | null> {
  for (const area of areas) {
    const text = await readText(part, area.offset, area.length);
    const section = text === null ? null : parseLvmText(text);
    if (section !== null) return section;
  }
  return null;
}

async function readText(part: DiskPart, offset: number, length: number): Promise<string | null> {
  const header = await readPart(part, offset, SECTOR_BYTES);
  if (header === null || header.toString('latin1', 4, 20) !== METADATA_MAGIC) return null;
  if (crc32Register(header.subarray(4), INITIAL_CRC) !== header.readUInt32LE(0)) return null;
  const start = Number(header.readBigUInt64LE(40));
  const size = Number(header.readBigUInt64LE(48));
  if ((header.readUInt32LE(60) & IGNORED) !== 0 || size === 0 || size > MAX_METADATA) return null;
  if (start < SECTOR_BYTES || start >= length || size > length - SECTOR_BYTES) return null;
  const first = Math.min(size, length - start);
  const pieces = [
    await readPart(part, offset + start, first),
    await readPart(part, offset + SECTOR_BYTES, size - first),
  ].filter((piece) => piece !== null);
  const text = Buffer.concat(pieces);
  if (text.length !== size || crc32Register(text, INITIAL_CRC) !== header.readUInt32LE(56)) return null;
  return text.toString('utf8').replace(/\0+$/, '');
}

function volumesOf(
  groupName: string,
  group: LvmSection,
  byId: ReadonlyMap<string, PhysicalVolume>,
): LogicalVolume[] {
  const volumes = sectionOf(group.logical_volumes);
  const physical = sectionOf(group.physical_volumes);
  return Object.entries(volumes)
    .slice(0, MAX_VOLUMES)
    .flatMap(([name, volume]): LogicalVolume[] => {
      // Hidden volumes are parts of others.
      if (!isSection(volume) || !listOf(volume.status).includes('VISIBLE')) return [];
      const device = `/dev/mapper/${mapperName(groupName)}-${mapperName(name)}`;
      const part = placeOf(volume, group, physical, byId);
      return typeof part === 'string'
        ? [{ device, part: null, refusal: part }]
        : [{ device, part, refusal: null }];
    });
}

/** Where a volume lies, or why it cannot be reached. */
function placeOf(
  volume: LvmSection,
  group: LvmSection,
  physical: LvmSection,
  byId: ReadonlyMap<string, PhysicalVolume>,
): DiskPart | string {
  const extentBytes = numberOf(group.extent_size) * SECTOR_BYTES;
  const segments = Object.entries(volume).flatMap(([name, value]) =>
    /^segment\d+$/.test(name) && isSection(value) ? [value] : [],
  );
  segments.sort((a, b) => numberOf(a.start_extent) - numberOf(b.start_extent));
  if (segments.length !== numberOf(volume.segment_count)) return 'its segments are not all there';
  let place: DiskPart | undefined;
  for (const segment of segments) {
    const piece = pieceOf(segment, extentBytes, physical, byId);
    if (typeof piece === 'string') return piece;
    if (place === undefined) place = piece;
    else if (place.source === piece.source && place.offset + place.length === piece.offset) {
      place = { ...place, length: place.length + piece.length };
    } else return 'it is linear in several pieces';
  }
  return place ?? 'it has no segments';
}

function pieceOf(
  segment: LvmSection,
  extentBytes: number,
  physical: LvmSection,
  byId: ReadonlyMap<string, PhysicalVolume>,
): DiskPart | string {
  const type = segment.type;
  if (type !== 'striped') return `it is of type ${String(type).slice(0, 40)}`;
  if (numberOf(segment.stripe_count) !== 1) return 'it is striped';
  const [name, extent] = listOf(segment.stripes);
  const description = sectionOf(physical[String(name)]);
  const volume = byId.get(String(description.id).replaceAll('-', ''));
  if (volume === undefined) return 'a disk of its volume group is missing';
  const offset = numberOf(description.pe_start) * SECTOR_BYTES + numberOf(extent) * extentBytes;
  const length = numberOf(segment.extent_count) * extentBytes;
  const { part } = volume;
  if (!Number.isSafeInteger(offset + length) || length === 0 || offset + length > part.length) {
    return 'it reaches out of its disk';
  }
  return { source: part.source, offset: part.offset + offset, length };
}

function mapperName(name: string): string {
  return name.replaceAll('-', '--');
}

function isSection(value: LvmValue | undefined): value is LvmSection {
  return typeof value === 'object' && !Array.isArray(value);
}

function sectionOf(value: LvmValue | undefined): LvmSection {
  return isSection(value) ? value : {};
}

function listOf(value: LvmValue | undefined): readonly (string | number)[] {
  if (typeof value === 'string' || typeof value === 'number') return [value];
  return Array.isArray(value) ? value : [];
}

/** A whole number from 0; NaN, which is smaller than nothing and larger than nothing, becomes 0. */
function numberOf(value: LvmValue | undefined): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}
