import type { Device, DeviceKind } from '../../model/virtual-machine.js';
import { type Backing, isConnected, type VsphereDevice } from './device-schema.js';
import { isNetworkCard } from './nics.js';

/** Classes whose kind is known, by the beginning of their names; the first that fits counts. */
const KINDS: readonly (readonly [RegExp, DeviceKind])[] = [
  [/^VirtualCdrom/, 'cdrom'],
  [/^VirtualFloppy/, 'floppy'],
  [/^VirtualSerialPort/, 'serial'],
  [/^VirtualParallelPort/, 'parallel'],
  [/^Virtual(?:SoundCard|HdAudioCard|Ensoniq1371|SoundBlaster16)/, 'sound'],
  [/^VirtualUSB(?:XHCI)?Controller/, 'usb-controller'],
  [/^VirtualUSB/, 'usb'],
  [/^VirtualTPM/, 'tpm'],
  [/^VirtualWDT/, 'watchdog'],
  [/^VirtualNVDIMM$/, 'nvdimm'],
  [/^VirtualMachineVideoCard/, 'gpu'],
];

/** What every machine has, and controllers of disks; they tell nothing. */
const ORDINARY =
  /Controller$|^Virtual(?:Disk|Keyboard|PointingDevice|MachineVMCIDevice|Device)$|^VirtualPCIController/;

/** What is neither disk nor network card, in the server's order. */
export function readDevices(devices: readonly VsphereDevice[]): readonly Device[] {
  return devices.flatMap((device): Device[] => {
    const kind = kindOf(device);
    if (kind === null) return [];
    const label = device.deviceInfo?.label || `${device._type} ${device.key}`;
    return [{ kind, label, connected: isConnected(device), backing: backingOf(device.backing) }];
  });
}

function kindOf(device: VsphereDevice): DeviceKind | null {
  const { _type: type, backing } = device;
  if (isNetworkCard(device)) return null;
  // All machines have a video card; it is worth a word where it draws in three dimensions.
  if (type === 'VirtualMachineVideoCard' && device.enable3DSupport !== true) return null;
  const known = KINDS.find(([pattern]) => pattern.test(type))?.[1];
  if (known !== undefined) return known;
  if (type === 'VirtualPCIPassthrough') return backing?.vgpu === undefined ? 'pci-passthrough' : 'gpu';
  return ORDINARY.test(type) ? null : 'other';
}

function backingOf(backing: Backing | undefined): string | null {
  // The drive of whoever opens a console.
  if (backing === undefined || /Remote/.test(backing._type)) return null;
  const { vgpu, fileName, serviceURI, deviceClass } = backing;
  const told = vgpu ?? fileName ?? serviceURI ?? hostCard(backing) ?? backing.deviceName ?? deviceClass ?? '';
  return told === '' ? null : told;
}

/** `0x10de:0x1eb8 at 0000:3b:00.0`, as far as it is told. */
function hostCard(backing: Backing): string | null {
  const { vendorId, deviceId, allowedDevice, id, assignedId } = backing;
  const cards = vendorId === undefined || deviceId === undefined ? allowedDevice : [{ vendorId, deviceId }];
  if (cards.length === 0) return null;
  const models = cards.map(
    (card) => `${pciId(card.vendorId, 10)}:${pciId(card.deviceId, cards === allowedDevice ? 10 : 16)}`,
  );
  const address = assignedId ?? id ?? '';
  return address === '' ? models.join(', ') : `${models.join(', ')} at ${address}`;
}

/** 16 bits, which are a signed number in a `short`. */
function pciId(text: string, radix: number): string {
  const number = /^0x/i.test(text) ? Number(text) : Number.parseInt(text, radix);
  return Number.isNaN(number) ? text : `0x${(number & 0xffff).toString(16).padStart(4, '0')}`;
}
