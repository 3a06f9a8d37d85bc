import type { DiskMode } from '../model/virtual-machine.js';
import type { Controller } from './controllers.js';
import type { Findings } from './findings.js';
import { FreeNumbers } from './free-numbers.js';
import { type HardwareItem, RESOURCE_TYPE } from './hardware-items.js';
import { type PackageIds, resourceReference } from './host-resource.js';
import type { OvfDisk, OvfDrive, OvfFile } from './ovf-types.js';
import { flagOf, type Settings, settingOf } from './settings.js';

/** What the items of a machine refer to. */
export interface DriveReferences extends PackageIds {
  readonly controllers: ReadonlyMap<string, Controller>;
  /** InstanceIDs of `vmw:BootOrderSection`, first to boot first. */
  readonly bootOrder: readonly string[];
  /** Of the machine. */
  readonly settings: Settings;
}

interface PluggedDrive {
  readonly drive: OvfDrive;
  readonly instanceId: string;
  readonly family: Controller['family'];
}

/** Drives whose controller is not described go where most machines have theirs. */
const ASSUMED_CONTROLLER: Controller = {
  instanceId: '',
  family: 'scsi',
  kind: 'lsilogic',
  bus: 0,
  shared: false,
};

/** vSphere's names in `vmw:Config` and, with a dash, those of a .vmx in `vmw:ExtraConfig`. */
const DISK_MODES: ReadonlyMap<string, DiskMode> = new Map([
  ['persistent', 'persistent'],
  ['nonpersistent', 'nonpersistent'],
  ['independent_persistent', 'independent_persistent'],
  ['independent_nonpersistent', 'independent_nonpersistent'],
  ['undoable', 'undoable'],
  ['append', 'append'],
]);

/**
 * The disks of a machine in boot order: those the boot order names, then by controller family in the order of the
 * families' first InstanceID, then bus, then unit. Items that lead to no disk leave a critical finding.
 */
export function readDrives(
  items: readonly HardwareItem[],
  references: DriveReferences,
  findings: Findings,
): readonly OvfDrive[] {
  const plugged: PluggedDrive[] = [];
  const units = new Map<string, FreeNumbers>();
  for (const item of items) {
    if (!isDrive(item)) continue;
    const disk = referencedDisk(item, references, findings);
    if (disk === null) continue;
    const controller = controllerOf(item, references.controllers, findings);
    const free = units.get(controller.instanceId) ?? new FreeNumbers();
    units.set(controller.instanceId, free);
    const { addressOnParent } = item;
    const unit = addressOnParent === null ? free.takeLowest() : free.take(addressOnParent);
    const { kind, bus, family } = controller;
    const use = diskUse(item, disk, { ...controller, unit }, references.settings);
    const drive = { disk, controller: kind, bus, unit, ...use, line: item.line };
    plugged.push({ drive, instanceId: item.instanceId, family });
  }
  return inBootOrder(plugged, items, references);
}

/** A kind of storage item that is not known is a disk if it refers to one; CD drives of VirtualBox do, too. */
function isDrive({ resourceType, subTypes, hostResource }: HardwareItem): boolean {
  if (subTypes.some((subType) => subType.includes('nvdimm'))) return false;
  switch (resourceType) {
    case RESOURCE_TYPE.disk:
    case RESOURCE_TYPE.logicalDisk:
      return true;
    case RESOURCE_TYPE.floppyDrive:
    case RESOURCE_TYPE.cdDrive:
    case RESOURCE_TYPE.dvdDrive:
      return false;
    default:
      return hostResource !== null && resourceReference(hostResource)?.kind === 'disk';
  }
}

function referencedDisk(
  item: HardwareItem,
  { disks, files }: DriveReferences,
  findings: Findings,
): OvfDisk | null {
  if (item.hostResource === null) {
    findings.critical('a disk Item has no HostResource, so it refers to no disk', item.line);
    return null;
  }
  const { kind, id = '' } = resourceReference(item.hostResource) ?? {};
  const disk = kind === 'file' ? diskOfFile(files.get(id)) : (disks.get(id) ?? null);
  if (disk === null) {
    findings.critical(
      `a disk Item refers to "${item.hostResource}", which the descriptor does not have`,
      item.line,
    );
  }
  return disk;
}

/** An item may refer to a file directly; its capacity is then only known from the file. */
function diskOfFile(file: OvfFile | undefined): OvfDisk | null {
  if (file === undefined) return null;
  const { id, line } = file;
  return {
    id,
    capacityBytes: null,
    populatedBytes: null,
    format: '',
    file,
    parentRef: null,
    shared: false,
    line,
  };
}

function controllerOf(
  item: HardwareItem,
  controllers: ReadonlyMap<string, Controller>,
  findings: Findings,
): Controller {
  const controller = item.parent === null ? undefined : controllers.get(item.parent);
  if (controller !== undefined) return controller;
  const parent = item.parent ?? 'none';
  findings.warn(`a disk Item has no known controller (Parent: ${parent}); SCSI 0 is assumed`, item.line);
  return ASSUMED_CONTROLLER;
}

/** From the item's `vmw:Config`, or the machine's `vmw:ExtraConfig` by the address a .vmx has: `scsi0:1.sharing`. */
function diskUse(
  { settings: own }: HardwareItem,
  disk: OvfDisk,
  { family, bus, unit, shared: sharedBus }: Controller & { readonly unit: number },
  settings: Settings,
): Pick<OvfDrive, 'mode' | 'shared' | 'thin'> {
  const address = `${family}${bus}:${unit}`;
  const mode = settingOf(own, 'backing.diskmode') ?? settingOf(settings, `${address}.mode`) ?? '';
  const sharing = settingOf(own, 'backing.sharing') ?? settingOf(settings, `${address}.sharing`) ?? '';
  const vmxSharedBus = settingOf(settings, `${family}${bus}.sharedbus`) ?? '';
  const eager = flagOf(own, 'backing.eagerlyscrub');
  return {
    mode: DISK_MODES.get(mode.toLowerCase().replace('-', '_')) ?? 'persistent',
    shared:
      disk.shared || sharedBus || /multi-?writer/i.test(sharing) || /^(physical|virtual)/i.test(vmxSharedBus),
    thin: flagOf(own, 'backing.thinprovisioned') ?? (eager === true ? false : null),
  };
}

function inBootOrder(
  plugged: readonly PluggedDrive[],
  items: readonly HardwareItem[],
  { bootOrder, controllers }: DriveReferences,
): readonly OvfDrive[] {
  const booting = ranks(bootOrder);
  const families = ranks(items.flatMap(({ instanceId }) => controllers.get(instanceId)?.family ?? []));
  const rank = ({ instanceId, family, drive: { bus, unit } }: PluggedDrive): readonly number[] => [
    booting.get(instanceId) ?? booting.size,
    families.get(family) ?? families.size,
    bus,
    unit,
  ];
  return plugged
    .map((entry) => ({ drive: entry.drive, rank: rank(entry) }))
    .sort((a, b) => compareRanks(a.rank, b.rank))
    .map(({ drive }) => drive);
}

/** Each distinct entry's place among them. */
function ranks<T>(order: readonly T[]): ReadonlyMap<T, number> {
  return new Map([...new Set(order)].map((entry, index) => [entry, index]));
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [level, left] of a.entries()) {
    const difference = left - (b[level] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
