import type { Findings } from './findings.js';
import { FreeNumbers } from './free-numbers.js';
import { type HardwareItem, RESOURCE_TYPE } from './hardware-items.js';
import { settingOf } from './settings.js';
import { integerOf } from './xml-query.js';

type ControllerFamily = 'scsi' | 'ide' | 'sata' | 'nvme';

interface ControllerType {
  readonly family: ControllerFamily;
  /** `pvscsi`, `lsilogic`, `lsilogicsas`, `buslogic`, `ide`, `ahci` or `nvme`. */
  readonly kind: string;
}

export interface Controller extends ControllerType {
  readonly instanceId: string;
  /** Which controller of its family, from 0. */
  readonly bus: number;
  /** Machines on the same host, or on any, share its bus. */
  readonly shared: boolean;
}

/** ResourceSubType spellings of SCSI controllers in real exports, in lower case. */
const SCSI_KINDS: ReadonlyMap<string, string> = new Map([
  ['virtualscsi', 'pvscsi'],
  ['pvscsi', 'pvscsi'],
  ['vmware.pvscsi', 'pvscsi'],
  ['paravirtualscsi', 'pvscsi'],
  ['lsilogic', 'lsilogic'],
  ['lsi', 'lsilogic'],
  ['lsilogicsas', 'lsilogicsas'],
  ['lsisas', 'lsilogicsas'],
  ['lsisas1068', 'lsilogicsas'],
  ['buslogic', 'buslogic'],
]);

/**
 * The disk controllers among the items, by InstanceID. The bus is the item's Address; without one, or when two claim
 * the same, the next free number of the family. vSphere may list controllers in any order, so Address decides.
 */
export function readControllers(
  items: readonly HardwareItem[],
  findings: Findings,
): ReadonlyMap<string, Controller> {
  const controllers = new Map<string, Controller>();
  const free: Record<ControllerFamily, FreeNumbers> = {
    scsi: new FreeNumbers(),
    ide: new FreeNumbers(),
    sata: new FreeNumbers(),
    nvme: new FreeNumbers(),
  };
  const undecided: { readonly item: HardwareItem; readonly type: ControllerType }[] = [];
  const place = ({ instanceId, settings }: HardwareItem, type: ControllerType, bus: number): void => {
    const sharing = settingOf(settings, 'sharedbus', 'backing.sharedbus') ?? '';
    const shared = /^(physical|virtual)/i.test(sharing);
    controllers.set(instanceId, { ...type, instanceId, bus, shared });
  };
  for (const item of items) {
    const type = controllerType(item, findings);
    if (type === null) continue;
    const bus = integerOf(item.address);
    if (bus === null || !free[type.family].has(bus)) undecided.push({ item, type });
    else place(item, type, free[type.family].take(bus));
  }
  for (const { item, type } of undecided) place(item, type, free[type.family].takeLowest());
  return controllers;
}

function controllerType(item: HardwareItem, findings: Findings): ControllerType | null {
  switch (item.resourceType) {
    case RESOURCE_TYPE.ideController:
      return { family: 'ide', kind: 'ide' };
    case RESOURCE_TYPE.scsiController:
      return { family: 'scsi', kind: scsiKind(item, findings) };
    case RESOURCE_TYPE.otherStorage:
      return otherStorageType(item);
    default:
      return null;
  }
}

/** ResourceType 20 is SATA, NVMe and NVDIMM; the last holds no disks. */
function otherStorageType({ subTypes }: HardwareItem): ControllerType | null {
  if (subTypes.some((subType) => subType.includes('nvdimm'))) return null;
  if (subTypes.some((subType) => subType.includes('nvme'))) return { family: 'nvme', kind: 'nvme' };
  return { family: 'sata', kind: 'ahci' };
}

function scsiKind(item: HardwareItem, findings: Findings): string {
  const known = item.subTypes.map((subType) => SCSI_KINDS.get(subType)).find((kind) => kind !== undefined);
  if (known === undefined && item.subTypes.length > 0) {
    findings.warn(
      `the SCSI controller "${item.subTypes.join(' ')}" is unknown; lsilogic is assumed`,
      item.line,
    );
  }
  return known ?? 'lsilogic';
}
