import type { Problem } from '../../model/inventory.js';
import { KIB } from '../../model/units.js';
import {
  type DatastoreLocation,
  type Disk,
  type DiskMode,
  UNTOLD_DISK,
} from '../../model/virtual-machine.js';
import type { VsphereReference } from '../../model/vsphere-reference.js';
import { DISK_MODES } from '../vmx/vmx-drives.js';
import type { Backing, VsphereDevice } from './device-schema.js';
import type { Estate } from './estate.js';
import type { FileLayout, MachineProperties } from './machine-schema.js';

/** What disks are read from beside their machine. */
export interface DiskSurroundings {
  readonly server: VsphereReference;
  readonly estate: Estate;
  /** Path of the machine's datacenter; null when it is not known. */
  readonly datacenter: string | null;
  /** Whether the machine's files can be reached at all. */
  readonly reachable: boolean;
  readonly settings: ReadonlyMap<string, string>;
  readonly problem: (message: string) => Problem;
}

interface Controller {
  /** As VMX settings call it. */
  readonly family: 'scsi' | 'sata' | 'nvme' | 'ide';
  /** As the inventory calls it. */
  readonly kind: string;
}

/** Where system disks are, most likely first. */
const FAMILIES: readonly Controller['family'][] = ['scsi', 'sata', 'nvme', 'ide'];

const CONTROLLERS: ReadonlyMap<string, Controller> = new Map([
  ['ParaVirtualSCSIController', { family: 'scsi', kind: 'pvscsi' }],
  ['VirtualLsiLogicController', { family: 'scsi', kind: 'lsilogic' }],
  ['VirtualLsiLogicSASController', { family: 'scsi', kind: 'lsilogicsas' }],
  ['VirtualBusLogicController', { family: 'scsi', kind: 'buslogic' }],
  ['VirtualAHCIController', { family: 'sata', kind: 'ahci' }],
  ['VirtualSATAController', { family: 'sata', kind: 'ahci' }],
  ['VirtualNVMEController', { family: 'nvme', kind: 'nvme' }],
  ['VirtualIDEController', { family: 'ide', kind: 'ide' }],
]);

const UNKNOWN_CONTROLLER: Controller = { family: 'scsi', kind: 'lsilogic' };

/**
 * A machine's disks with their present files, the topmost of each chain of snapshots: those of the boot order first, then
 * those of `bios.hddOrder`, then SCSI, SATA, NVMe, IDE, by controller and unit. A path that no datastore can have leaves
 * a critical problem.
 */
export function readDisks(
  properties: MachineProperties,
  surroundings: DiskSurroundings,
): { readonly disks: readonly Disk[]; readonly problems: readonly Problem[] } {
  const devices = properties['config.hardware.device'];
  const controllers = new Map(devices.map((device) => [device.key, device]));
  const used = usedBytesByKey(properties.layoutEx);
  const preferred = preferredPlaces(properties, surroundings.settings);
  const problems: Problem[] = [];
  const disks = devices
    .filter(({ _type: type }) => type === 'VirtualDisk')
    .map((device) => {
      const controller = controllers.get(device.controllerKey ?? Number.NaN);
      const { family, kind } = CONTROLLERS.get(controller?._type ?? '') ?? UNKNOWN_CONTROLLER;
      const { disk, problem } = readDisk(device, controller, surroundings);
      if (problem !== null) problems.push(problem);
      const place = {
        family: FAMILIES.indexOf(family),
        slot: `${family}${disk.bus}:${disk.unit}`,
        key: device.key,
      };
      // Nothing at all takes no disk: then nobody has measured it yet.
      const usedBytes = disk.rawDevice === null ? used.get(device.key) || null : null;
      return {
        place,
        disk: {
          ...disk,
          controller: kind,
          usedBytes: usedBytes === null ? null : Math.min(usedBytes, disk.capacityBytes),
        },
      };
    })
    .sort(
      (a, b) =>
        preferred.rankOf(a.place) - preferred.rankOf(b.place) ||
        a.place.family - b.place.family ||
        a.disk.bus - b.disk.bus ||
        a.disk.unit - b.disk.unit,
    )
    .map(({ disk }) => disk);
  return { disks, problems };
}

function readDisk(
  device: VsphereDevice,
  controller: VsphereDevice | undefined,
  surroundings: DiskSurroundings,
): { readonly disk: Disk; readonly problem: Problem | null } {
  const { backing } = device;
  const datastore = surroundings.estate.nameOf(backing?.datastore) ?? datastoreIn(backing?.fileName);
  const rawDevice = rawDeviceOf(backing);
  const path = pathOn(datastore, backing?.fileName);
  const location =
    rawDevice === null && surroundings.reachable ? locationOf(datastore, path, surroundings) : null;
  const disk: Disk = {
    ...UNTOLD_DISK,
    capacityBytes: device.capacityInBytes ?? (device.capacityInKB ?? 0) * KIB,
    format: formatOf(backing, rawDevice),
    file: backing?.fileName ?? device.deviceInfo?.label ?? '',
    controller: '',
    bus: controller?.busNumber ?? 0,
    unit: device.unitNumber ?? 0,
    location,
    mode: modeOf(backing),
    rawDevice,
    shared:
      /multiwriter/i.test(backing?.sharing ?? '') ||
      /^(?:physical|virtual)/i.test(controller?.sharedBus ?? ''),
    encrypted: backing?.keyId !== undefined,
    thin: backing?.thinProvisioned ?? (/^VirtualDiskSe/.test(backing?._type ?? '') ? true : null),
    datastore,
    key: String(device.key),
  };
  const lost = rawDevice === null && surroundings.reachable && location === null;
  const message = `the path of disk ${device.key} is none of a datastore: ${JSON.stringify(disk.file)}`;
  return { disk, problem: lost ? surroundings.problem(message) : null };
}

function locationOf(
  datastore: string | null,
  path: string | null,
  { server, datacenter }: DiskSurroundings,
): DatastoreLocation | null {
  if (datastore === null || path === null || datacenter === null) return null;
  return { kind: 'datastore', server, datacenter, datastore, path };
}

function datastoreIn(fileName = ''): string | null {
  return /^\[([^\]]+)\]/.exec(fileName)?.[1] ?? null;
}

/** `web/web.vmdk` of `[datastore1] web/web.vmdk`; null for what is no such path, or climbs. */
function pathOn(datastore: string | null, fileName = ''): string | null {
  const start = `[${datastore ?? ''}]`;
  if (datastore === null || !fileName.startsWith(start)) return null;
  const path = fileName.slice(start.length).replace(/^ /, '');
  const usable = path.split('/').every((part) => !['', '.', '..'].includes(part)) && !path.includes('\0');
  return usable ? path : null;
}

function rawDeviceOf(backing: Backing | undefined): Disk['rawDevice'] {
  if (backing === undefined || !/RawDisk/.test(backing._type)) return null;
  // Where the mode is not told the stricter one is assumed, of which no snapshot can be made.
  return /virtual/i.test(backing.compatibilityMode ?? '') ? 'virtual' : 'physical';
}

/** The createType that ESXi writes into descriptors of such disks. */
function formatOf(backing: Backing | undefined, rawDevice: Disk['rawDevice']): string {
  if (rawDevice !== null) return rawDevice === 'virtual' ? 'vmfsRawDeviceMap' : 'vmfsPassthroughRawDeviceMap';
  const isSparse = /SeSparse/.test(backing?._type ?? '') || /^seSparse/i.test(backing?.deltaDiskFormat ?? '');
  if (isSparse) return 'seSparse';
  return backing?.parent === undefined && !/VirtualDiskSparse/.test(backing?._type ?? '')
    ? 'vmfs'
    : 'vmfsSparse';
}

function modeOf(backing: Backing | undefined): DiskMode {
  return DISK_MODES.get((backing?.diskMode ?? '').toLowerCase()) ?? 'persistent';
}

/** What all files of a disk's chain take on their datastores. */
function usedBytesByKey(layout: FileLayout | undefined): ReadonlyMap<number, number> {
  const sizes = new Map(layout?.file.map(({ key, size }) => [key, size]));
  return new Map(
    layout?.disk.map(({ key, chain }) => {
      const files = chain.flatMap(({ fileKey }) => fileKey.map((file) => sizes.get(file) ?? 0));
      return [key, files.reduce((sum, size) => sum + size, 0)] as const;
    }),
  );
}

interface Place {
  readonly slot: string;
  readonly key: number;
}

function preferredPlaces(
  properties: MachineProperties,
  settings: ReadonlyMap<string, string>,
): { rankOf(place: Place): number } {
  const keys = properties['config.bootOptions']?.bootOrder.flatMap(({ deviceKey }) => deviceKey ?? []) ?? [];
  const slots = (settings.get('bios.hddorder') ?? '').toLowerCase().split(',');
  const ranks = new Map<number | string, number>();
  for (const named of [...keys, ...slots.map((slot) => slot.trim())]) {
    if (!ranks.has(named)) ranks.set(named, ranks.size);
  }
  return { rankOf: ({ key, slot }) => ranks.get(key) ?? ranks.get(slot) ?? ranks.size };
}
