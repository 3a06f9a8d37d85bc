import type { Device, DeviceKind } from '../../model/virtual-machine.js';
import { flagOf, presentNumbers, textOf } from './settings-values.js';
import type { VmxDrive } from './vmx-drives.js';
import type { VmxSettings } from './vmx-parser.js';

/** Devices of which a machine has several, each with what lies behind it in `fileName`. */
const NUMBERED: readonly { readonly name: string; readonly kind: DeviceKind }[] = [
  { name: 'floppy', kind: 'floppy' },
  { name: 'serial', kind: 'serial' },
  { name: 'parallel', kind: 'parallel' },
];

const SINGLE: readonly { readonly name: string; readonly kind: DeviceKind }[] = [
  { name: 'sound', kind: 'sound' },
  { name: 'usb', kind: 'usb-controller' },
  { name: 'ehci', kind: 'usb-controller' },
  { name: 'usb_xhci', kind: 'usb-controller' },
];

/** What VMware itself plugs into its USB controllers: nothing of the host's is behind it. */
const VIRTUAL_USB = new Set(['hub', 'hid', 'mouse', 'keyboard', 'tablet']);

/** What stands in `fileName` where nothing is behind a device, or whatever the host happens to have. */
const NO_BACKING = new Set(['', '-1', 'auto detect', 'emptybackingstring']);

/** The devices that are neither disks nor network adapters, by kind and number; `cdroms` come with the drives. */
export function vmxDevices(settings: VmxSettings, cdroms: readonly VmxDrive[]): readonly Device[] {
  const device = (kind: DeviceKind, label: string): Device => ({
    kind,
    label,
    connected: flagOf(settings, `${label}.startConnected`) !== false,
    backing: backingOf(settings, label),
  });
  const numbered = (name: string, kind: DeviceKind): readonly Device[] =>
    presentNumbers(settings, name).map((number) => device(kind, `${name}${number}`));
  return [
    ...cdroms.map(({ address }) => device('cdrom', address)),
    ...NUMBERED.flatMap(({ name, kind }) => numbered(name, kind)),
    ...SINGLE.filter(({ name }) => flagOf(settings, `${name}.present`) === true).map(({ name, kind }) =>
      device(kind, name),
    ),
    ...usbDevices(settings).map((address) => device('usb', address)),
    ...autoConnected(settings),
    ...passedThrough(settings),
    ...(flagOf(settings, 'mks.enable3d') === true ? [device('gpu', 'svga')] : []),
    ...(hasVirtualTpm(settings) ? [device('tpm', 'vtpm')] : []),
    ...memoryModules(settings).map((address) => device('nvdimm', address)),
    ...(flagOf(settings, 'vwdt.present') === true ? [device('watchdog', 'vwdt')] : []),
    ...numbered('precisionclock', 'other'),
  ];
}

/** vSphere says that there is a vTPM, Workstation and Fusion that they add one by themselves. */
export function hasVirtualTpm(settings: VmxSettings): boolean {
  const added = textOf(settings, 'managedvm.autoAddVTPM')?.toLowerCase() ?? 'false';
  return flagOf(settings, 'vtpm.present') === true || added !== 'false';
}

function backingOf(settings: VmxSettings, label: string): string | null {
  const fileName = textOf(settings, `${label}.fileName`) ?? '';
  // The drive of whoever opens a console, whatever the file says.
  if (flagOf(settings, `${label}.clientDevice`) === true) return null;
  return NO_BACKING.has(fileName.toLowerCase()) ? null : fileName;
}

function usbDevices(settings: VmxSettings): readonly string[] {
  return presentAddresses(settings, /^((?:usb|ehci|usb_xhci):\d{1,3})\.present$/).filter((address) => {
    const type = textOf(settings, `${address}.deviceType`)?.toLowerCase() ?? '';
    return !VIRTUAL_USB.has(type);
  });
}

/** Host devices that are plugged in as soon as they are there (`usb.autoConnect.device0 = "0x0a12:0x0001"`). */
function autoConnected(settings: VmxSettings): readonly Device[] {
  return [...settings.keys()]
    .flatMap((key) => /^usb\.autoconnect\.device(\d{1,3})$/.exec(key)?.[1] ?? [])
    .sort((a, b) => Number(a) - Number(b))
    .map((number) => `usb.autoConnect.device${number}`)
    .map((label) => ({ kind: 'usb' as const, label, connected: true, backing: textOf(settings, label) }))
    .filter(({ backing }) => backing !== null);
}

/** PCI cards of the host and slices of its GPUs; functions of a network card are network adapters. */
function passedThrough(settings: VmxSettings): readonly Device[] {
  return presentNumbers(settings, 'pcipassthru')
    .map((number) => `pciPassthru${number}`)
    .filter((label) => textOf(settings, `${label}.pfId`) === null)
    .map((label): Device => {
      const profile = textOf(settings, `${label}.vgpu`);
      return {
        kind: profile === null ? 'pci-passthrough' : 'gpu',
        label,
        connected: flagOf(settings, `${label}.startConnected`) !== false,
        backing: profile ?? hostCard(settings, label),
      };
    });
}

/** `0x10de:0x1eb8 at 00000:059:00.0`, as far as it is told. */
function hostCard(settings: VmxSettings, label: string): string | null {
  const vendor = textOf(settings, `${label}.vendorId`);
  const device = textOf(settings, `${label}.deviceId`);
  const model =
    vendor === null || device === null ? textOf(settings, `${label}.allowedDevices`) : `${vendor}:${device}`;
  const address = textOf(settings, `${label}.id`);
  return model === null || address === null ? (model ?? address) : `${model} at ${address}`;
}

function memoryModules(settings: VmxSettings): readonly string[] {
  return presentAddresses(settings, /^(nvdimm\d{1,3}:\d{1,3})\.present$/);
}

function presentAddresses(settings: VmxSettings, key: RegExp): readonly string[] {
  return [...settings.keys()]
    .flatMap((setting) => key.exec(setting)?.[1] ?? [])
    .filter((address) => flagOf(settings, `${address}.present`) === true)
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}
