import { createHash } from 'node:crypto';
import { formatUuid, uuidFrom } from '../conversion/index.js';
import type { Profile } from '../guests/profiles/index.js';
import { XenferryError } from '../model/errors.js';
import type { PlannedMachine } from '../model/plan.js';
import { BLOCK_BYTES, roundUp } from '../model/units.js';
import type { VirtualMachine } from '../model/virtual-machine.js';

/** Device number kept for the CD drive, as XenServer's templates have it. */
export const CD_DEVICE = 3;

/** What XAPI asks of every VM, for one with firmware. */
export const HVM_BASICS = {
  actions_after_shutdown: 'destroy',
  actions_after_reboot: 'restart',
  actions_after_crash: 'restart',
  PV_bootloader: '',
  PV_kernel: '',
  PV_ramdisk: '',
  PV_args: '',
  PV_bootloader_args: '',
  PV_legacy_args: '',
  HVM_boot_policy: 'BIOS order',
} as const;

/** The profile that the plan gives a machine. Throws PROFILE_INVALID when it is not among `profiles`. */
export function profileOf({ profile }: PlannedMachine, profiles: readonly Profile[]): Profile {
  const found = profiles.find(({ id }) => id === profile.id);
  if (found !== undefined) return found;
  throw new XenferryError('PROFILE_INVALID', `the profile ${profile.id} does not exist`);
}

/** The device number of disk `index`: 0, 1, 2, 4, 5, … */
export function deviceNumber(index: number): number {
  return index < CD_DEVICE ? index : index + 1;
}

/** A UUID for something of the machine, always the same one. */
export function derivedUuid(what: string, { id, uuid, name }: VirtualMachine): string {
  return formatUuid(uuidFrom(`${what} ${id} ${uuid ?? ''} ${name}`));
}

/** What tells the machine from every other. */
export function machineUuid(machine: VirtualMachine): string {
  return machine.uuid ?? derivedUuid('vm', machine);
}

/** Of network card `index`: that of the plan, else one that is always the same. */
export function macOf({ machine, nics }: PlannedMachine, index: number): string {
  return nics[index]?.mac ?? derivedMac(derivedUuid(`mac ${index}`, machine));
}

/** A unicast, locally administered MAC for a NIC whose source names none. */
function derivedMac(seed: string): string {
  const bytes = createHash('sha256').update(seed).digest().subarray(0, 6);
  bytes[0] = ((bytes[0] ?? 0) & 0xfc) | 0x02;
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/** What a disk of `capacityBytes` becomes: storage managers round up to 2 MiB. */
export function vdiBytes(capacityBytes: number): number {
  return roundUp(Math.max(capacityBytes, 1), BLOCK_BYTES);
}

/** `VM.HVM_boot_params`: disk, CD, network. */
export function bootParameters({ firmware }: VirtualMachine): Record<string, string> {
  return { order: 'cdn', firmware: firmware === 'efi' ? 'uefi' : 'bios' };
}

/** `VM.other_config`'s `pci`: the host's devices that the guest gets, each with the number of its bus. */
export function pciDevices({ pci }: PlannedMachine): string {
  return pci.map((address) => `0/${address}`).join();
}

/** `VM.platform`. */
export function platformOf(planned: PlannedMachine, profile: Profile): Record<string, string> {
  const { machine } = planned;
  const efi = machine.firmware === 'efi';
  return {
    acpi: '1',
    apic: 'true',
    pae: 'true',
    nx: 'true',
    hpet: 'true',
    vga: 'std',
    videoram: '8',
    'device-model': efi ? 'qemu-upstream-uefi' : 'qemu-upstream-compat',
    ...(efi ? { secureboot: machine.secureBoot ? 'true' : 'false' } : {}),
    'cores-per-socket': String(planned.coresPerSocket),
    ...profile.platform,
  };
}
