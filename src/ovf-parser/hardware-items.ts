import { appliesTo, configurationsOf } from './deployment-options.js';
import type { Findings } from './findings.js';
import { type Properties, resolved } from './properties.js';
import { type Settings, settingsIn } from './settings.js';
import { attribute, booleanOf, childrenNamed, childText, integerOf } from './xml-query.js';
import type { XmlElement } from './xml-tree.js';

/** CIM_ResourceAllocationSettingData.ResourceType values a machine's description needs. */
export const RESOURCE_TYPE = {
  other: 1,
  processor: 3,
  memory: 4,
  ideController: 5,
  scsiController: 6,
  ethernetAdapter: 10,
  floppyDrive: 14,
  cdDrive: 15,
  dvdDrive: 16,
  disk: 17,
  otherStorage: 20,
  serialPort: 21,
  parallelPort: 22,
  usbController: 23,
  graphics: 24,
  logicalDisk: 31,
  /** VirtualBox's number, of no CIM schema. */
  soundCard: 35,
} as const;

/** An Item, StorageItem or EthernetPortItem of a VirtualHardwareSection (DSP0243 1.1 §8.3; the last two are OVF 2). */
export interface HardwareItem {
  readonly instanceId: string;
  readonly resourceType: number;
  /** Lower case, in order of preference; empty when absent. */
  readonly subTypes: readonly string[];
  /** How people read it; empty when absent. */
  readonly label: string;
  readonly quantity: string | null;
  readonly reservation: string | null;
  readonly allocationUnits: string | null;
  /** InstanceID of the controller. */
  readonly parent: string | null;
  /** Bus number of a controller, MAC of a NIC. */
  readonly address: string | null;
  /** Position on the controller. */
  readonly addressOnParent: number | null;
  readonly hostResource: string | null;
  readonly connection: string | null;
  /** Connected at power on; so is what does not tell. */
  readonly connected: boolean;
  readonly coresPerSocket: number | null;
  /** VMware's, of this item alone. */
  readonly settings: Settings;
  readonly line: number;
}

/**
 * The items of a hardware section that count for this configuration, in the order of their InstanceIDs. An item tied
 * to the configuration replaces the general one with its InstanceID (DSP0243 1.1 §9.8); range markers
 * (`ovf:bound`, §8.4) and items of other configurations are left out. `properties` resolve `${...}` quantities.
 */
export function hardwareItems(
  section: XmlElement,
  configuration: string | null,
  properties: Properties,
  findings: Findings,
): readonly HardwareItem[] {
  const applicable = section.children.filter(
    (element) => isItem(element) && !isRangeMarker(element) && appliesTo(element, configuration),
  );
  const specific = new Set(
    applicable.filter((element) => configurationsOf(element).length > 0).map(instanceIdOf),
  );
  const items: HardwareItem[] = [];
  const seen = new Set<string>();
  for (const element of applicable) {
    const id = instanceIdOf(element);
    if (configurationsOf(element).length === 0 && specific.has(id)) continue;
    if (seen.has(id)) findings.warn(`InstanceID "${id}" is used by several items`, element.line);
    seen.add(id);
    const item = readItem(element, id, properties);
    if (item === null) findings.warn('an Item has no numeric ResourceType', element.line);
    else items.push(item);
  }
  return items.sort(byInstanceId);
}

function isItem({ name }: XmlElement): boolean {
  return name === 'Item' || name === 'StorageItem' || name === 'EthernetPortItem';
}

function isRangeMarker(element: XmlElement): boolean {
  const bound = attribute(element, 'bound');
  return bound === 'min' || bound === 'max';
}

function instanceIdOf(element: XmlElement): string {
  return childText(element, 'InstanceID', 'InstanceId') ?? '';
}

function readItem(element: XmlElement, instanceId: string, properties: Properties): HardwareItem | null {
  const resourceType = integerOf(childText(element, 'ResourceType'));
  if (resourceType === null) return null;
  const subTypes = childrenNamed(element, 'ResourceSubType').flatMap(({ text }) =>
    text.toLowerCase().split(/[\s,]+/),
  );
  return {
    instanceId,
    resourceType,
    subTypes: subTypes.filter((subType) => subType !== ''),
    label: childText(element, 'ElementName') ?? childText(element, 'Caption', 'Description') ?? '',
    quantity: resolved(childText(element, 'VirtualQuantity'), properties),
    reservation: resolved(childText(element, 'Reservation'), properties),
    allocationUnits: childText(element, 'AllocationUnits', 'VirtualQuantityUnits'),
    parent: childText(element, 'Parent'),
    // OVF 0.9 has the bus number in an element of its own.
    address: childText(element, 'Address', 'BusNumber'),
    addressOnParent: integerOf(childText(element, 'AddressOnParent')),
    hostResource: childText(element, 'HostResource'),
    connection: childText(element, 'Connection'),
    connected: booleanOf(childText(element, 'AutomaticAllocation') ?? 'true'),
    coresPerSocket: integerOf(childText(element, 'CoresPerSocket')),
    settings: settingsIn(element),
    line: element.line,
  };
}

/** Numeric ids first and ascending, the others after them as they stand. */
function byInstanceId(a: HardwareItem, b: HardwareItem): number {
  const left = integerOf(a.instanceId);
  const right = integerOf(b.instanceId);
  if (left === null || right === null) return Number(left === null) - Number(right === null);
  return left - right;
}
