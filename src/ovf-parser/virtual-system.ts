import { sizeInBytes } from './allocation-units.js';
import { readControllers } from './controllers.js';
import { readDrives } from './drives.js';
import type { Findings } from './findings.js';
import { type HardwareItem, hardwareItems, RESOURCE_TYPE } from './hardware-items.js';
import { readNics } from './nics.js';
import type { OvfDisk, OvfFile, OvfOperatingSystem, OvfStart, OvfVirtualSystem } from './ovf-types.js';
import { sectionsOf } from './sections.js';
import { machineSettings, normalizeUuid } from './settings.js';
import { noteSpecialDevices } from './special-devices.js';
import { attribute, childText, integerOf } from './xml-query.js';
import type { XmlElement } from './xml-tree.js';

/** What the machines of a package share. */
export interface PackageContents {
  readonly files: ReadonlyMap<string, OvfFile>;
  readonly disks: ReadonlyMap<string, OvfDisk>;
  readonly networks: readonly string[];
  readonly configuration: string | null;
}

const MIB = 2 ** 20;

/** Reads one VirtualSystem element; `id` is the one the envelope gave it. */
export function readVirtualSystem(
  element: XmlElement,
  id: string,
  start: OvfStart | null,
  contents: PackageContents,
  findings: Findings,
): OvfVirtualSystem {
  const hardware = hardwareSection(element, findings);
  const items = hardware === null ? [] : hardwareItems(hardware, contents.configuration, findings);
  const settings = machineSettings(element, hardware);
  const { files, disks, networks } = contents;
  const controllers = readControllers(items, findings);
  noteSpecialDevices(items, findings);
  return {
    id,
    name: childText(element, 'Name') ?? attribute(element, 'id') ?? '',
    annotation: annotationOf(element),
    uuid: normalizeUuid(settings.get('uuid.bios') ?? settings.get('uuid') ?? ''),
    operatingSystem: operatingSystemOf(element),
    firmware: settings.get('firmware')?.toLowerCase() === 'efi' ? 'efi' : 'bios',
    secureBoot: secureBootOf(settings),
    ...processorsOf(items, element.line, findings),
    memoryBytes: memoryOf(items, element.line, findings),
    drives: readDrives(items, { disks, files, controllers, bootOrder: bootOrderOf(element) }, findings),
    nics: readNics(items, networks, findings),
    start,
    line: element.line,
  };
}

function hardwareSection(element: XmlElement, findings: Findings): XmlElement | null {
  const [first, second] = sectionsOf(element, 'VirtualHardwareSection');
  if (first === undefined) findings.critical('the machine has no VirtualHardwareSection', element.line);
  if (second !== undefined) {
    findings.warn('the machine has several VirtualHardwareSections; the first is used', second.line);
  }
  return first ?? null;
}

function annotationOf(element: XmlElement): string {
  const section = sectionsOf(element, 'AnnotationSection')[0];
  return section === undefined ? '' : (childText(section, 'Annotation') ?? '');
}

function operatingSystemOf(element: XmlElement): OvfOperatingSystem {
  const section = sectionsOf(element, 'OperatingSystemSection')[0];
  if (section === undefined) return { id: null, version: null, vmwareType: null, description: null };
  return {
    id: integerOf(attribute(section, 'id')),
    version: attribute(section, 'version'),
    // Some exports of ESX 4 have an asterisk before the guest id (`*other26xLinux64Guest`).
    vmwareType: attribute(section, 'osType')?.replace(/^\*/, '') ?? null,
    description: childText(section, 'Description'),
  };
}

function secureBootOf(settings: ReadonlyMap<string, string>): boolean {
  const value = settings.get('bootoptions.efisecurebootenabled') ?? settings.get('uefi.secureboot.enabled');
  return value?.toLowerCase() === 'true';
}

function processorsOf(
  items: readonly HardwareItem[],
  line: number,
  findings: Findings,
): { readonly cpus: number; readonly coresPerSocket: number } {
  const item = onlyItem(items, RESOURCE_TYPE.processor, 'processor', findings);
  const cpus = integerOf(item?.quantity ?? null);
  if (item === undefined || cpus === null || cpus === 0) {
    findings.warn('the machine has no processor count; 1 is assumed', item?.line ?? line);
    return { cpus: 1, coresPerSocket: 1 };
  }
  const cores = item.coresPerSocket ?? 1;
  if (cores > 0 && cpus % cores === 0) return { cpus, coresPerSocket: cores };
  findings.warn(`${cores} cores a socket do not divide ${cpus} processors; 1 is used`, item.line);
  return { cpus, coresPerSocket: 1 };
}

function memoryOf(items: readonly HardwareItem[], line: number, findings: Findings): number {
  const item = onlyItem(items, RESOURCE_TYPE.memory, 'memory', findings);
  if (item === undefined) {
    findings.critical('the machine has no memory Item', line);
    return 0;
  }
  const bytes = sizeInBytes(item.quantity, item.allocationUnits);
  if (bytes === null || bytes === 0) {
    const given = `${item.quantity ?? ''} ${item.allocationUnits ?? ''}`.trim();
    findings.critical(`the memory size "${given}" is not a size`, item.line);
    return 0;
  }
  // No machine has less than a mebibyte: an exporter that forgot the unit counted mebibytes.
  if (item.allocationUnits !== null || bytes >= MIB) return bytes;
  findings.warn(`the memory size ${bytes} has no unit; MiB are assumed`, item.line);
  return bytes * MIB;
}

function onlyItem(
  items: readonly HardwareItem[],
  resourceType: number,
  what: string,
  findings: Findings,
): HardwareItem | undefined {
  const [first, second] = items.filter((item) => item.resourceType === resourceType);
  if (second !== undefined)
    findings.warn(`the machine has several ${what} Items; the first is used`, second.line);
  return first;
}

/** `<vmw:BootOrderSection vmw:instanceId="9 10" vmw:type="disk">`, as vSphere exports an edited boot order. */
function bootOrderOf(element: XmlElement): readonly string[] {
  return sectionsOf(element, 'BootOrderSection')
    .filter((section) => attribute(section, 'type') === 'disk')
    .flatMap((section) => attribute(section, 'instanceId')?.split(/[\s,]+/) ?? []);
}
