import type { Profile } from '../../guests/profiles/index.js';
import type { PlannedMachine } from '../../model/plan.js';
import { bootParameters, machineUuid, platformOf, vdiBytes } from '../machine-facts.js';
import { diskId, hardwareItems } from './hardware-items.js';
import { element, encodeXml, type XmlElement } from './xml.js';

/** By which descriptors, XenCenter's too, name Microsoft's VHD. */
const VHD_FORMAT = 'http://www.microsoft.com/technet/virtualserver/downloads/vhdspec.mspx';
const CIM = 'http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2';
const NAMESPACES = {
  xmlns: 'http://schemas.dmtf.org/ovf/envelope/1',
  'xmlns:ovf': 'http://schemas.dmtf.org/ovf/envelope/1',
  'xmlns:rasd': `${CIM}/CIM_ResourceAllocationSettingData`,
  'xmlns:vssd': `${CIM}/CIM_VirtualSystemSettingData`,
  'xmlns:vmw': 'http://www.vmware.com/schema/ovf',
  // XenCenter's own.
  'xmlns:xenovf': 'http://schemas.citrix.com/ovf/envelope/1',
};
/** CIM_OperatingSystem.OsType. */
const OS_TYPE = { other: '1', linux: '36' } as const;
/** How XenCenter calls a machine that is fully virtualized. */
const SYSTEM_TYPE = 'hvm-3.0-unknown';

/** A disk's file, beside the descriptor. */
export interface DescribedFile {
  readonly name: string;
  readonly fileBytes: number;
  /** Of blocks that are not zeros. */
  readonly dataBytes: number;
}

/**
 * The descriptor of a machine whose disks are VHDs, one file each in the machine's order: OVF 1.1 (DSP0243), with what
 * XenCenter adds for firmware and platform, and the firmware in vSphere's words too.
 */
export function ovfDescriptor(
  planned: PlannedMachine,
  profile: Profile,
  files: readonly DescribedFile[],
): string {
  const networks = [...new Set(planned.nics.map(({ network }) => network))];
  return encodeXml(
    element('Envelope', { ...NAMESPACES, 'ovf:version': '1.0' }, [
      element('References', {}, files.map(fileElement)),
      section('DiskSection', 'Disks', diskElements(planned, files)),
      section(
        'NetworkSection',
        'Networks',
        networks.map((name) => element('Network', { 'ovf:name': name }, [element('Description', {}, name)])),
      ),
      element('VirtualSystem', { 'ovf:id': planned.name }, [
        element('Info', {}, 'A virtual machine'),
        element('Name', {}, planned.name),
        ...annotation(planned),
        operatingSystem(planned, profile),
        hardware(planned, profile),
      ]),
    ]),
  );
}

function fileElement({ name, fileBytes }: DescribedFile, index: number): XmlElement {
  return element('File', { 'ovf:id': `file-${index + 1}`, 'ovf:href': name, 'ovf:size': String(fileBytes) });
}

function diskElements({ machine }: PlannedMachine, files: readonly DescribedFile[]): XmlElement[] {
  return machine.disks.map(({ capacityBytes }, index) =>
    element('Disk', {
      'ovf:diskId': diskId(index),
      'ovf:fileRef': `file-${index + 1}`,
      'ovf:capacity': String(vdiBytes(capacityBytes)),
      'ovf:capacityAllocationUnits': 'byte',
      'ovf:populatedSize': String(files[index]?.dataBytes ?? 0),
      'ovf:format': VHD_FORMAT,
      'xenovf:isBootable': String(index === 0),
    }),
  );
}

function annotation({ machine }: PlannedMachine): XmlElement[] {
  if (machine.description === '') return [];
  return [
    element('AnnotationSection', {}, [
      element('Info', {}, 'What is noted of the machine'),
      element('Annotation', {}, machine.description),
    ]),
  ];
}

function operatingSystem({ machine }: PlannedMachine, { family, title }: Profile): XmlElement {
  const { cimOs, guestOs, osDescription } = machine;
  const untold = family === 'linux' ? OS_TYPE.linux : OS_TYPE.other;
  const attributes = {
    'ovf:id': cimOs === null ? untold : String(cimOs),
    ...(guestOs === '' ? {} : { 'vmw:osType': guestOs }),
  };
  return element('OperatingSystemSection', attributes, [
    element('Info', {}, 'The guest system'),
    element('Description', {}, osDescription === '' ? title : osDescription),
  ]);
}

function hardware(planned: PlannedMachine, profile: Profile): XmlElement {
  const { machine, name } = planned;
  return section('VirtualHardwareSection', 'Virtual hardware', [
    element('System', {}, [
      element('vssd:ElementName', {}, 'Virtual hardware'),
      element('vssd:InstanceID', {}, '0'),
      element('vssd:VirtualSystemIdentifier', {}, name),
      element('vssd:VirtualSystemType', {}, SYSTEM_TYPE),
    ]),
    ...hardwareItems(planned),
    xenSetting('HVM_boot_policy', 'BIOS order'),
    xenSetting('HVM_boot_params', pairs(bootParameters(machine))),
    xenSetting('platform', pairs(platformOf(planned, profile))),
    xenSetting('VM_has_vendor_device', String(profile.hasVendorDevice)),
    vmwareSetting('Config', 'firmware', machine.firmware),
    vmwareSetting('Config', 'bootOptions.efiSecureBootEnabled', String(machine.secureBoot)),
    vmwareSetting('ExtraConfig', 'uuid.bios', machineUuid(machine)),
  ]);
}

function xenSetting(name: string, value: string): XmlElement {
  const attributes = { 'ovf:required': 'false', Name: name };
  return element('xenovf:VirtualSystemOtherConfigurationData', attributes, [
    element('xenovf:Value', {}, value),
  ]);
}

/** As XenCenter reads a map. */
function pairs(map: Readonly<Record<string, string>>): string {
  return Object.entries(map)
    .map(([key, value]) => `${key}=${value}`)
    .join(';');
}

function vmwareSetting(kind: 'Config' | 'ExtraConfig', key: string, value: string): XmlElement {
  return element(`vmw:${kind}`, { 'ovf:required': 'false', 'vmw:key': key, 'vmw:value': value });
}

function section(name: string, info: string, content: readonly XmlElement[]): XmlElement {
  return element(name, {}, [element('Info', {}, info), ...content]);
}
