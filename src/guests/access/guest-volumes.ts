import type { ByteSource } from '../../io/byte-source.js';
import { type FileSystemType, probeFileSystem } from './file-system-type.js';
import type { DiskPart } from './guest-bytes.js';
import { logicalVolumes, type PhysicalVolume, readPhysicalVolume } from './lvm.js';
import { readPartitionTable } from './partition-table.js';

/** A partition, a logical volume, or a disk that is one file system. */
export interface GuestVolume {
  /** As the guest on VMware calls it. */
  readonly device: string;
  readonly fileSystem: FileSystemType;
  /** As `Partition.type`; null when it is no partition. */
  readonly partitionType: string | null;
  /** Bytes on the disk of that index; null when it cannot be reached. */
  readonly place: { readonly disk: number; readonly offset: number; readonly length: number } | null;
  /** Why it is passed over, for people; null when it can be reached. */
  readonly refusal: string | null;
  /** Whether libguestfs may reach what we cannot. */
  readonly needsLibguestfs: boolean;
}

export interface FoundVolumes {
  readonly volumes: readonly GuestVolume[];
  /** For people: what is damaged. Volumes that are passed over tell so themselves. */
  readonly problems: readonly string[];
}

const UNKNOWN: FileSystemType = { type: 'unknown', uuid: null, label: null, unclean: null };
/** Windows' dynamic disks: the type of their partitions in an MBR, and that of their data in a GPT. */
const LDM_TYPES = ['42', 'af9b60a0-1431-4f62-bc68-3311714a69ad'];

/** Everything on the disks that may hold a file system, in the order of disks. Rejects as the sources do. */
export async function findVolumes(disks: readonly ByteSource[]): Promise<FoundVolumes> {
  const volumes: GuestVolume[] = [];
  const problems: string[] = [];
  const physical: PhysicalVolume[] = [];
  const addPart = async (device: string, part: DiskPart, partitionType: string | null) => {
    const known = await probeFileSystem(part);
    const isDynamic = known === null && partitionType !== null && LDM_TYPES.includes(partitionType);
    if (known === null && !isDynamic) return;
    const fileSystem = known ?? { ...UNKNOWN, type: 'ldm' };
    if (fileSystem.type === 'LVM2_member') {
      const volume = await readPhysicalVolume(part);
      if (volume === null) problems.push(`${device}: the LVM label or its metadata is damaged`);
      else physical.push(volume);
    }
    const place = { disk: disks.indexOf(part.source), offset: part.offset, length: part.length };
    const unreachable = whyUnreachable(fileSystem.type);
    volumes.push({
      device,
      fileSystem,
      partitionType,
      place,
      refusal: unreachable?.reason ?? null,
      needsLibguestfs: unreachable?.needsLibguestfs ?? false,
    });
  };
  for (const [index, source] of disks.entries()) {
    const disk = `/dev/sd${letters(index)}`;
    const table = await readPartitionTable(source);
    problems.push(...table.problems.map((problem) => `${disk}: ${problem}`));
    if (table.kind === 'none') await addPart(disk, { source, offset: 0, length: source.length }, null);
    for (const { number, offset, length, type } of table.partitions) {
      await addPart(`${disk}${number}`, { source, offset, length }, type);
    }
  }
  for (const { device, part, refusal } of logicalVolumes(physical)) {
    if (part !== null) {
      await addPart(device, part, null);
    } else {
      volumes.push({
        device,
        fileSystem: UNKNOWN,
        partitionType: null,
        place: null,
        refusal: `${refusal}, which needs libguestfs`,
        needsLibguestfs: true,
      });
    }
  }
  return { volumes, problems };
}

/** How an open LUKS volume is called, as RHEL's installer calls it; others are told by the guest's crypttab. */
export function openLuksName(uuid: string): string {
  return `/dev/mapper/luks-${uuid.replaceAll(/[^\w-]/g, '')}`;
}

/** For people: the volumes that are passed over, and why. */
export function passedOver(volumes: readonly GuestVolume[]): string[] {
  return volumes.flatMap(({ device, refusal }) => (refusal === null ? [] : [`${device}: ${refusal}`]));
}

/** Why what lies in a partition of this type is out of reach; null when it is not. */
function whyUnreachable(type: string): { reason: string; needsLibguestfs: boolean } | null {
  switch (type) {
    case 'crypto_LUKS':
      return {
        reason: 'the volume is encrypted with LUKS, which needs libguestfs and the key',
        needsLibguestfs: true,
      };
    case 'linux_raid_member':
      return { reason: 'the volume is part of a Linux RAID, which needs libguestfs', needsLibguestfs: true };
    case 'ldm':
      return {
        reason: 'the volume is part of a Windows dynamic disk, which needs libguestfs',
        needsLibguestfs: true,
      };
    case 'BitLocker':
      return { reason: 'the volume is encrypted with BitLocker', needsLibguestfs: false };
    default:
      return null;
  }
}

/** The volume that fstab means, by UUID, label or name; null for what is none of the guest's, or not to be told. */
export function volumeNamed(volumes: readonly GuestVolume[], device: string): GuestVolume | null {
  const tagged = /^(UUID|LABEL)=(.*)$/.exec(device) ?? /^\/dev\/disk\/by-(uuid|label)\/(.*)$/.exec(device);
  if (tagged !== null) {
    const value = (tagged[2] ?? '').replaceAll('"', '');
    const byUuid = tagged[1]?.toUpperCase() === 'UUID';
    return onlyOne(
      volumes.filter(({ fileSystem: { uuid, label } }) =>
        byUuid ? uuid?.toLowerCase() === value.toLowerCase() : label === value,
      ),
    );
  }
  const part = /^\/dev\/disk\/by-(?:id|path)\/[^/]+-part(\d{1,3})$/.exec(device)?.[1];
  if (part !== undefined) return partOfOnlyDisk(volumes, part);
  const logical = /^\/dev\/([^/]+)\/([^/]+)$/.exec(device);
  const names = [device, device.replace(/^\/dev\/(?:h|xv|v)d(?=[a-z]+\d*$)/, '/dev/sd')];
  if (logical !== null) {
    const [group = '', volume = ''] = logical.slice(1).map((name) => name.replaceAll('-', '--'));
    names.push(`/dev/mapper/${group}-${volume}`);
  }
  return onlyOne(volumes.filter((volume) => names.includes(volume.device)));
}

/** Serial numbers and slots are VMware's, and no disk file tells them: with one disk there is no question. */
function partOfOnlyDisk(volumes: readonly GuestVolume[], part: string): GuestVolume | null {
  const disks = new Set(volumes.flatMap(({ place }) => place?.disk ?? []));
  return disks.size === 1 ? onlyOne(volumes.filter(({ device }) => device === `/dev/sda${part}`)) : null;
}

/** Copies of a disk have the same UUIDs and labels: then nobody can tell which one is meant. */
function onlyOne(volumes: readonly GuestVolume[]): GuestVolume | null {
  return volumes.length === 1 ? (volumes[0] ?? null) : null;
}

/** Linux' names of SCSI disks: a to z, then aa. */
function letters(index: number): string {
  const last = String.fromCharCode(97 + (index % 26));
  return index < 26 ? last : letters(Math.floor(index / 26) - 1) + last;
}
