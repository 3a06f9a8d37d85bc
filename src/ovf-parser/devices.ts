import type { DeviceKind } from '../model/virtual-machine.js';
import { type HardwareItem, RESOURCE_TYPE } from './hardware-items.js';
import { type PackageIds, referencedFile } from './host-resource.js';
import type { OvfDevice } from './ovf-types.js';
import { settingOf } from './settings.js';

/** By ResourceSubType in lower case, whatever the ResourceType: exporters write 1, 34 and others for one device. */
const KINDS_BY_SUBTYPE: readonly (readonly [RegExp, DeviceKind])[] = [
  [/tpm/, 'tpm'],
  [/vmiop|vgpu|sharedpci/, 'gpu'],
  [/^vmware\.pci\.?passthrough/, 'pci-passthrough'],
  [/nvdimm/, 'nvdimm'],
  [/soundcard|ensoniq|hdaudio|^(?:ac97|sb16)$/, 'sound'],
  [/watchdog|^vmware\.wdt/, 'watchdog'],
  [/^vmware\.usb\.(?:remote|host|client|device)/, 'usb'],
  [/^vmware\.cdrom/, 'cdrom'],
  [/^vmware\.floppy/, 'floppy'],
  [/^vmware\.serialport/, 'serial'],
  [/^vmware\.parallelport/, 'parallel'],
];

const KINDS_BY_TYPE: ReadonlyMap<number, DeviceKind> = new Map([
  [RESOURCE_TYPE.floppyDrive, 'floppy'],
  [RESOURCE_TYPE.cdDrive, 'cdrom'],
  [RESOURCE_TYPE.dvdDrive, 'cdrom'],
  [RESOURCE_TYPE.serialPort, 'serial'],
  [RESOURCE_TYPE.parallelPort, 'parallel'],
  [RESOURCE_TYPE.usbController, 'usb-controller'],
  [RESOURCE_TYPE.soundCard, 'sound'],
]);

/** Devices of every machine, which tell nothing, and the controller of what is listed itself. */
const UNREMARKABLE = /^vmware\.(?:vmci|keyboard|pointing|ps2|nvdimm\.controller|videocard)/;

/** What connects at power on or does not; the others are always there, whatever AutomaticAllocation says. */
const CONNECTABLE: ReadonlySet<DeviceKind> = new Set([
  'cdrom',
  'floppy',
  'parallel',
  'serial',
  'sound',
  'usb',
]);

/** `vmw:Config` keys of an item that name what lies behind it. */
const BACKING_KEYS = [
  'backing.vgpu',
  'backing.profile',
  'backing.customlabel',
  'backing.serviceuri',
  'backing.filename',
  'backing.pipename',
  'backing.devicename',
  'backing.id',
];

/** The devices of a machine that are neither disk, network card nor disk controller, in the order of their InstanceIDs. */
export function readDevices(items: readonly HardwareItem[], ids: PackageIds): readonly OvfDevice[] {
  return items.flatMap((item): OvfDevice[] => {
    const kind = kindOf(item);
    if (kind === null) return [];
    const file = item.hostResource === null ? null : referencedFile(item.hostResource, ids);
    return [
      {
        kind,
        label: item.label === '' ? (item.subTypes[0] ?? '') : item.label,
        connected: CONNECTABLE.has(kind) ? item.connected : true,
        backing: file?.href ?? item.hostResource ?? settingOf(item.settings, ...BACKING_KEYS),
        file,
        line: item.line,
      },
    ];
  });
}

function kindOf({ resourceType, subTypes }: HardwareItem): DeviceKind | null {
  if (subTypes.some((subType) => UNREMARKABLE.test(subType))) return null;
  for (const [subType, kind] of KINDS_BY_SUBTYPE) {
    if (subTypes.some((name) => subType.test(name))) return kind;
  }
  const known = KINDS_BY_TYPE.get(resourceType);
  if (known !== undefined) return known;
  return resourceType === RESOURCE_TYPE.other && subTypes.length > 0 ? 'other' : null;
}
