import { flagOf, textOf } from './settings-values.js';
import type { VmxSettings } from './vmx-parser.js';

type Bus = 'scsi' | 'sata' | 'nvme' | 'ide';

/** A hard disk as the .vmx names it. */
export interface VmxDevice {
  /** `scsi0:1` */
  readonly address: string;
  /** `pvscsi`, `lsilogic`, `lsilogicsas`, `buslogic`, `ide`, `ahci` or `nvme`. */
  readonly controller: string;
  readonly bus: number;
  readonly unit: number;
  /** Path of the VMDK: relative, or absolute on the datastore it came from. */
  readonly fileName: string;
  /** Lower case. */
  readonly deviceType: string;
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

/**
 * The hard disks that are present (no CD-ROM drives), in boot order: `bios.hddOrder` first (Broadcom KB 326326), then
 * SCSI, SATA, NVMe, IDE, by bus and unit.
 */
export function vmxDevices(settings: VmxSettings): readonly VmxDevice[] {
  const preferred =
    textOf(settings, 'bios.hddOrder')
      ?.toLowerCase()
      .split(',')
      .map((address) => address.trim()) ?? [];
  return addresses(settings)
    .flatMap((address) => readDevice(settings, address))
    .map((device) => ({ device, rank: rankIn(preferred, device.address) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ device }) => device);
}

function addresses(settings: VmxSettings): readonly Address[] {
  const found = [...settings.keys()].flatMap((key) => {
    const [, name, bus, unit] = /^(scsi|sata|nvme|ide)(\d{1,3}):(\d{1,3})\.filename$/.exec(key) ?? [];
    const family = FAMILIES.find((candidate) => candidate === name);
    return family === undefined ? [] : [{ family, bus: Number(bus), unit: Number(unit) }];
  });
  return found.sort(
    (a, b) => FAMILIES.indexOf(a.family) - FAMILIES.indexOf(b.family) || a.bus - b.bus || a.unit - b.unit,
  );
}

function readDevice(settings: VmxSettings, { family, bus, unit }: Address): readonly VmxDevice[] {
  const address = `${family}${bus}:${unit}`;
  const fileName = textOf(settings, `${address}.fileName`);
  const deviceType = textOf(settings, `${address}.deviceType`)?.toLowerCase() ?? 'disk';
  const present =
    flagOf(settings, `${address}.present`) === true && flagOf(settings, `${family}${bus}.present`) !== false;
  if (!present || fileName === null || deviceType.includes('cdrom')) return [];
  return [{ address, controller: controllerOf(settings, family, bus), bus, unit, fileName, deviceType }];
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

function rankIn(preferred: readonly string[], address: string): number {
  const index = preferred.indexOf(address);
  return index === -1 ? preferred.length : index;
}
