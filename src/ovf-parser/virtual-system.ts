import { readControllers } from './controllers.js';
import { readDevices } from './devices.js';
import { readDrives } from './drives.js';
import { readFeatures } from './features.js';
import type { Findings } from './findings.js';
import { hardwareItems } from './hardware-items.js';
import type { PackageIds } from './host-resource.js';
import { readNics } from './nics.js';
import { nvramFile } from './nvram.js';
import type { OvfOperatingSystem, OvfStart, OvfVirtualSystem } from './ovf-types.js';
import { memoryOf, processorsOf } from './processors-memory.js';
import type { Properties } from './properties.js';
import { sectionsOf } from './sections.js';
import { flagOf, normalizeUuid, settingOf, settingsIn, tellingSettings } from './settings.js';
import { noteSpecialDevices } from './special-devices.js';
import { virtualBoxMachine } from './virtualbox.js';
import { attribute, childrenNamed, childText, integerOf } from './xml-query.js';
import type { XmlElement } from './xml-tree.js';

/** What the machines of a package share. */
export interface PackageContents extends PackageIds {
  readonly networks: ReadonlySet<string>;
  readonly configuration: string | null;
  /** Defaults that `${...}` stands for. */
  readonly defaults: Properties;
}

/** What the envelope knows of a machine. */
export interface SystemContext {
  /** Unique within the envelope. */
  readonly id: string;
  readonly start: OvfStart | null;
  /** The machine's own and those of the collections around it. */
  readonly properties: Properties;
}

/** Reads one VirtualSystem element. */
export function readVirtualSystem(
  element: XmlElement,
  { id, start, properties }: SystemContext,
  contents: PackageContents,
  findings: Findings,
): OvfVirtualSystem {
  const hardware = hardwareSection(element, findings);
  const items =
    hardware === null ? [] : hardwareItems(hardware, contents.configuration, contents.defaults, findings);
  const settings = hardware === null ? new Map<string, string>() : settingsIn(hardware);
  const { networks } = contents;
  const controllers = readControllers(items, findings);
  const references = { ...contents, controllers, bootOrder: bootOrderOf(element), settings };
  const virtualBox = virtualBoxMachine(element);
  const devices = readDevices(items, contents);
  noteSpecialDevices(items, findings);
  return {
    id,
    name: childText(element, 'Name') ?? attribute(element, 'id') ?? '',
    annotation: annotationOf(element),
    uuid: normalizeUuid(settingOf(settings, 'uuid.bios', 'uuid') ?? virtualBox.uuid ?? ''),
    instanceUuid: normalizeUuid(settingOf(settings, 'instanceuuid', 'vc.uuid') ?? ''),
    operatingSystem: operatingSystemOf(element),
    firmware: virtualBox.efi || settings.get('firmware')?.toLowerCase() === 'efi' ? 'efi' : 'bios',
    secureBoot: flagOf(settings, 'bootoptions.efisecurebootenabled', 'uefi.secureboot.enabled') ?? false,
    ...processorsOf(items, element.line, findings),
    memoryBytes: memoryOf(items, element.line, findings),
    drives: readDrives(items, references, findings),
    nics: readNics(items, networks, settings, findings),
    devices,
    virtualTpm: devices.some(({ kind }) => kind === 'tpm') || (flagOf(settings, 'vtpm.present') ?? false),
    nvram: nvramFile(settings, contents, hardware?.line ?? element.line, findings),
    features: readFeatures(settings, items, systemTypeOf(hardware)),
    settings: tellingSettings(settings),
    properties,
    start,
    line: element.line,
  };
}

/** Where a machine is described for several hypervisors, VMware's hardware is what its disks were exported from. */
function hardwareSection(element: XmlElement, findings: Findings): XmlElement | null {
  const sections = sectionsOf(element, 'VirtualHardwareSection');
  const [first, second] = sections;
  if (first === undefined) findings.critical('the machine has no VirtualHardwareSection', element.line);
  if (second === undefined) return first ?? null;
  const chosen = sections.find((section) => /^vmx-/i.test(systemTypeOf(section))) ?? first;
  const which = chosen === first ? 'the first' : `that of line ${chosen?.line}`;
  findings.warn(`the machine has several VirtualHardwareSections; ${which} is used`, second.line);
  return chosen ?? null;
}

function systemTypeOf(hardware: XmlElement | null): string {
  const [system] = hardware === null ? [] : childrenNamed(hardware, 'System');
  return system === undefined ? '' : (childText(system, 'VirtualSystemType') ?? '');
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

/** `<vmw:BootOrderSection vmw:instanceId="9 10" vmw:type="disk">`, as vSphere exports an edited boot order. */
function bootOrderOf(element: XmlElement): readonly string[] {
  return sectionsOf(element, 'BootOrderSection')
    .filter((section) => attribute(section, 'type')?.toLowerCase() === 'disk')
    .flatMap((section) => attribute(section, 'instanceId')?.split(/[\s,]+/) ?? []);
}
