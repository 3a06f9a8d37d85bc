import type { Row } from './read-tab.js';
import type { VDISK } from './tabs.js';

/** Where system disks are, most likely first; no list tells what NVRAM remembers. */
const FAMILIES = ['scsi', 'sata', 'nvme', 'ide'] as const;

type Family = (typeof FAMILIES)[number];

export interface DiskAddress {
  readonly family: Family;
  /** As the inventory names controllers. */
  readonly controller: string;
  readonly bus: number;
  readonly unit: number;
}

/** vSphere's names of controllers and RVTools' own, the telling part of each; the first that fits counts. */
const CONTROLLERS = [
  [/para\s*virtual|pvscsi/i, 'scsi', 'pvscsi'],
  [/nvme/i, 'nvme', 'nvme'],
  [/lsi\s*logic.*sas/i, 'scsi', 'lsilogicsas'],
  [/bus\s*logic/i, 'scsi', 'buslogic'],
  [/lsi\s*logic|scsi/i, 'scsi', 'lsilogic'],
  [/ahci|sata/i, 'sata', 'ahci'],
  [/\bide\b|idecontroller/i, 'ide', 'ide'],
] as const;

/** vSphere numbers the keys of disks by their controllers: SCSI from 2000, 16 for each; IDE from 3000, 2 for each. */
const KEYS = [
  { family: 'scsi', controller: 'lsilogic', from: 2000, to: 2064, units: 16 },
  { family: 'ide', controller: 'ide', from: 3000, to: 3004, units: 2 },
  { family: 'sata', controller: 'ahci', from: 16_000, to: 16_120, units: 30 },
] as const;

/** Where a disk is attached, from the controller's names and the disk's key; the row's place where nothing tells. */
export function diskAddress(fields: Row<(typeof VDISK)['columns']>, index: number): DiskAddress {
  const text = `${fields.controller ?? ''} ${fields.controllerLabel ?? ''}`;
  const [, namedFamily, namedController] = CONTROLLERS.find(([pattern]) => pattern.test(text)) ?? [];
  const key = Number(fields.key ?? Number.NaN);
  const range = KEYS.find(({ from, to }) => key >= from && key < to);
  const offset = range === undefined ? null : key - range.from;
  const [, number] = /(?:controller|scsi|sata|ide|nvme)\s*(\d{1,3})\b/i.exec(text) ?? [];
  const units = range?.units ?? 1;
  return {
    family: namedFamily ?? range?.family ?? 'scsi',
    controller: namedController ?? range?.controller ?? 'lsilogic',
    bus: number === undefined ? Math.floor((offset ?? 0) / units) : Number(number),
    unit: fields.unit ?? (offset === null ? index : offset % units),
  };
}

export function rankOfFamily(family: Family): number {
  return FAMILIES.indexOf(family);
}
