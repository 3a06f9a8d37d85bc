import type { DiskMode } from '../../model/virtual-machine.js';
import { flagOf, textOf } from './settings-values.js';
import type { VmxSettings } from './vmx-parser.js';

type Bus = 'scsi' | 'sata' | 'nvme' | 'ide';

/** A hard disk or CD-ROM drive as the .vmx names it. */
export interface VmxDrive {
  /** `scsi0:1` */
  readonly address: string;
  /** `pvscsi`, `lsilogic`, `lsilogicsas`, `buslogic`, `ide`, `ahci` or `nvme`. */
  readonly controller: string;
  readonly bus: number;
  readonly unit: number;
  /** Path of the VMDK: relative, or absolute on the datastore it came from; empty when none is named. */
  readonly fileName: string;
  /** Lower case. */
  readonly deviceType: string;
  readonly mode: DiskMode;
  /** Several machines may write: it is a multi-writer disk, or its bus is shared. */
  readonly shared: boolean;
}

export interface VmxDrives {
  /** In boot order. */
  readonly disks: readonly VmxDrive[];
  readonly cdroms: readonly VmxDrive[];
}

interface Address {
  readonly family: Bus;
  readonly bus: number;
  readonly unit: number;
}

/** Where system disks are, most likely first; the file does not tell what NVRAM remembers. */
const FAMILIES: readonly Bus[] = ['scsi', 'sata', 'nvme', 'ide'];

/** `scsiN.virtualDev` of hosted and ESX products; an absent one is read as the default of every ESXi. */
const SCSI_KINDS: ReadonlyMap<string, string> = new Map([
  ['lsisas1068', 'lsilogicsas'],
  ['pvscsi', 'pvscsi'],
  ['buslogic', 'buslogic'],
]);

/** `mode` of a drive; hosted products write dashes, the API underscores. */
export const DISK_MODES: ReadonlyMap<string, DiskMode> = new Map([
  ['persistent', 'persistent'],
  ['nonpersistent', 'nonpersistent'],
  ['undoable', 'undoable'],
  ['append', 'append'],
  ['independent-persistent', 'independent_persistent'],
  ['independent_persistent', 'independent_persistent'],
  ['independent-nonpersistent', 'independent_nonpersistent'],
  ['independent_nonpersistent', 'independent_nonpersistent'],
]);

/**
 * The drives that are present. Hard disks in boot order: `bios.hddOrder` first (Broadcom KB 326326), then SCSI, SATA,
 * NVMe, IDE, by bus and unit; CD-ROM drives by their addresses.
 */
export function vmxDrives(settings: VmxSettings): VmxDrives {
  const preferred = preferredAddresses(settings);
  const drives = addresses(settings).flatMap((address) => readDrive(settings, address));
  const disks = drives
    .filter((drive) => !isCdrom(drive))
    .map((drive) => ({ drive, rank: preferred.get(drive.address) ?? preferred.size }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ drive }) => drive);
  return { disks, cdroms: drives.filter(isCdrom) };
}

function isCdrom({ deviceType }: VmxDrive): boolean {
  return deviceType.includes('cdrom');
}

function preferredAddresses(settings: VmxSettings): ReadonlyMap<string, number> {
  const order = textOf(settings, 'bios.hddOrder')?.toLowerCase().split(',') ?? [];
  const unique = new Set(order.map((address) => address.trim()));
  return new Map([...unique].map((address, rank) => [address, rank]));
}

function addresses(settings: VmxSettings): readonly Address[] {
  const found = [...settings.keys()].flatMap((key) => {
    const [, name, bus, unit] =
      /^(scsi|sata|nvme|ide)(0|[1-9]\d{0,2}):(0|[1-9]\d{0,2})\.present$/.exec(key) ?? [];
    const family = FAMILIES.find((candidate) => candidate === name);
    return family === undefined ? [] : [{ family, bus: Number(bus), unit: Number(unit) }];
  });
  return found.sort(
    (a, b) => FAMILIES.indexOf(a.family) - FAMILIES.indexOf(b.family) || a.bus - b.bus || a.unit - b.unit,
  );
}

function readDrive(settings: VmxSettings, { family, bus, unit }: Address): readonly VmxDrive[] {
  const controller = `${family}${bus}`;
  const address = `${controller}:${unit}`;
  const word = (key: string): string => textOf(settings, key)?.toLowerCase() ?? '';
  const present =
    flagOf(settings, `${address}.present`) === true && flagOf(settings, `${controller}.present`) !== false;
  if (!present) return [];
  const drive: VmxDrive = {
    address,
    controller: controllerOf(settings, family, bus),
    bus,
    unit,
    fileName: textOf(settings, `${address}.fileName`) ?? '',
    deviceType: word(`${address}.deviceType`) || 'disk',
    mode: DISK_MODES.get(word(`${address}.mode`)) ?? 'persistent',
    shared:
      word(`${address}.sharing`) === 'multi-writer' ||
      /^(physical|virtual)$/.test(word(`${controller}.sharedBus`)),
  };
  return [drive];
}

function controllerOf(settings: VmxSettings, family: Bus, bus: number): string {
  switch (family) {
    case 'scsi':
      return SCSI_KINDS.get(textOf(settings, `scsi${bus}.virtualDev`)?.toLowerCase() ?? '') ?? 'lsilogic';
    case 'sata':
      return 'ahci';
    default:
      return family;
  }
}
