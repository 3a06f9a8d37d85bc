import { type Controller, lowestFree } from './controllers.js';
import type { Findings } from './findings.js';
import { type HardwareItem, RESOURCE_TYPE } from './hardware-items.js';
import type { OvfDisk, OvfDrive, OvfFile } from './ovf-types.js';

/** What the items of a machine refer to. */
export interface DriveReferences {
  readonly disks: ReadonlyMap<string, OvfDisk>;
  readonly files: ReadonlyMap<string, OvfFile>;
  readonly controllers: ReadonlyMap<string, Controller>;
  /** InstanceIDs of `vmw:BootOrderSection`, first to boot first. */
  readonly bootOrder: readonly string[];
}

interface PluggedDrive extends OvfDrive {
  readonly instanceId: string;
  readonly family: Controller['family'];
}

/** Drives whose controller is not described go where most machines have theirs. */
const ASSUMED_CONTROLLER: Controller = { instanceId: '', family: 'scsi', kind: 'lsilogic', bus: 0 };

/**
 * The disks of a machine in boot order: those the boot order names, then by controller family in the order of the
 * families' first InstanceID, then bus, then unit. Items that lead to no disk leave a critical finding.
 */
export function readDrives(
  items: readonly HardwareItem[],
  references: DriveReferences,
  findings: Findings,
): readonly OvfDrive[] {
  const drives: PluggedDrive[] = [];
  const takenUnits = new Map<string, Set<number>>();
  for (const item of items) {
    if (item.resourceType !== RESOURCE_TYPE.disk && item.resourceType !== RESOURCE_TYPE.logicalDisk) continue;
    const disk = referencedDisk(item, references, findings);
    if (disk === null) continue;
    const controller = controllerOf(item, references.controllers, findings);
    const taken = takenUnits.get(controller.instanceId) ?? new Set<number>();
    const unit = item.addressOnParent ?? lowestFree(taken);
    takenUnits.set(controller.instanceId, taken.add(unit));
    const { kind, bus, family } = controller;
    drives.push({ disk, controller: kind, bus, unit, line: item.line, instanceId: item.instanceId, family });
  }
  return inBootOrder(drives, items, references);
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
  // `ovf:/disk/x` (DSP0243 1.1 §8.3), `disk:/x` and `disk/x` in older exports.
  const [, kind, id = ''] = /^(?:ovf:)?\/*(disk|file):?\/+([^/].*)$/is.exec(item.hostResource) ?? [];
  const disk = kind?.toLowerCase() === 'file' ? diskOfFile(files.get(id)) : (disks.get(id) ?? null);
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
  return { id, capacityBytes: null, populatedBytes: null, format: '', file, parentRef: null, line };
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

function inBootOrder(
  drives: readonly PluggedDrive[],
  items: readonly HardwareItem[],
  { bootOrder, controllers }: DriveReferences,
): readonly OvfDrive[] {
  const families = items.flatMap(({ instanceId }) => controllers.get(instanceId)?.family ?? []);
  const rank = ({ instanceId, family, bus, unit }: PluggedDrive): readonly number[] => [
    rankIn(bootOrder, instanceId),
    rankIn(families, family),
    bus,
    unit,
  ];
  return drives
    .map((drive) => ({ drive, rank: rank(drive) }))
    .sort((a, b) => compareRanks(a.rank, b.rank))
    .map(({ drive: { disk, controller, bus, unit, line } }) => ({ disk, controller, bus, unit, line }));
}

function rankIn<T>(order: readonly T[], id: T): number {
  const index = order.indexOf(id);
  return index === -1 ? order.length : index;
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [level, left] of a.entries()) {
    const difference = left - (b[level] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
