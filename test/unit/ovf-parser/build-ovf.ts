/** Builds descriptors for tests: small, complete, and easy to break in one place. */

export interface PrefixStyle {
  /** Prefix of OVF elements, with its colon; empty for the default namespace. */
  readonly element: string;
  /** Prefix of OVF attributes, with its colon. */
  readonly attribute: string;
  readonly rasd: string;
}

const OVF_NAMESPACE = 'http://schemas.dmtf.org/ovf/envelope/1';
const RASD_NAMESPACE = 'http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData';

/** `cpu`, `memory`, `controller`, ... as `<Item>` elements; keys are rasd names. */
export function item(fields: Readonly<Record<string, string | number>>, attributes = ''): string {
  const children = Object.entries(fields).map(([name, value]) => `<rasd:${name}>${value}</rasd:${name}>`);
  return `<Item${attributes}>${children.join('')}</Item>`;
}

export const CPU = item({
  InstanceID: 1,
  ResourceType: 3,
  VirtualQuantity: 2,
  AllocationUnits: 'hertz * 10^6',
});
export const MEMORY = item({
  InstanceID: 2,
  ResourceType: 4,
  VirtualQuantity: 512,
  AllocationUnits: 'byte * 2^20',
});
export const SCSI = item({ InstanceID: 3, ResourceType: 6, ResourceSubType: 'VirtualSCSI', Address: 0 });
export const HARD_DISK = item({
  InstanceID: 4,
  ResourceType: 17,
  Parent: 3,
  AddressOnParent: 0,
  HostResource: 'ovf:/disk/vmdisk1',
});
export const NIC = item({
  InstanceID: 5,
  ResourceType: 10,
  ResourceSubType: 'VmxNet3',
  Connection: 'VM Network',
});
export const ITEMS = [CPU, MEMORY, SCSI, HARD_DISK, NIC];

export interface OvfParts {
  readonly files?: string;
  readonly disks?: string;
  readonly items?: readonly string[];
  /** Between the name and the hardware. */
  readonly sections?: string;
  /** After the items. */
  readonly settings?: string;
  /** Before the systems. */
  readonly envelopeSections?: string;
  /** Replaces the one machine. */
  readonly systems?: string;
}

export function system(id: string, items: readonly string[] = ITEMS, sections = '', settings = ''): string {
  return `<VirtualSystem ovf:id="${id}"><Info>A virtual machine</Info><Name>${id}</Name>${sections}
    <VirtualHardwareSection><Info>Hardware</Info>
      ${items.join('\n      ')}
      ${settings}
    </VirtualHardwareSection></VirtualSystem>`;
}

export function buildOvf(parts: OvfParts = {}): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="${OVF_NAMESPACE}" xmlns:ovf="${OVF_NAMESPACE}" xmlns:rasd="${RASD_NAMESPACE}"
  xmlns:vmw="http://www.vmware.com/schema/ovf" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <References>${parts.files ?? '<File ovf:id="file1" ovf:href="disk1.vmdk"/>'}</References>
  <DiskSection><Info>Disks</Info>${parts.disks ?? disk('vmdisk1', 'file1')}</DiskSection>
  <NetworkSection><Info>Networks</Info><Network ovf:name="VM Network"/></NetworkSection>
  ${parts.envelopeSections ?? ''}
  ${parts.systems ?? system('web01', parts.items ?? ITEMS, parts.sections, parts.settings)}
</Envelope>
`;
}

export function disk(id: string, fileRef: string, attributes = 'ovf:capacity="10485760"'): string {
  const format = 'http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized';
  return `<Disk ovf:diskId="${id}" ovf:fileRef="${fileRef}" ovf:format="${format}" ${attributes}/>`;
}

/** The same document with other prefixes: OVF elements, OVF attributes and rasd elements. */
export function restyled(ovf: string, { element, attribute, rasd }: PrefixStyle): string {
  const prefix = element === '' ? attribute : element;
  const declared = element === '' ? ` xmlns="${OVF_NAMESPACE}"` : '';
  return ovf
    .replace(/ xmlns="[^"]*" xmlns:ovf="[^"]*"/, '')
    .replaceAll('ovf:/', '\u0000')
    .replace(/<(\/?)([A-Z]\w*)/g, `<$1${element}$2`)
    .replace(/ ovf:(\w+)=/g, ` ${attribute}$1=`)
    .replaceAll('rasd:', rasd)
    .replaceAll('\u0000', 'ovf:/')
    .replace(
      `<${element}Envelope`,
      `<${element}Envelope${declared} xmlns:${prefix.slice(0, -1)}="${OVF_NAMESPACE}"` +
        (attribute === prefix ? '' : ` xmlns:${attribute.slice(0, -1)}="${OVF_NAMESPACE}"`),
    );
}
