import { join } from 'node:path';
import type { Profile } from '../../guests/profiles/index.js';
import type { XlDiskFormat } from '../../model/destination.js';
import { XenferryError } from '../../model/errors.js';
import type { PlannedMachine } from '../../model/plan.js';
import { MIB } from '../../model/units.js';
import { bootParameters, CD_DEVICE, deviceNumber, machineUuid, macOf } from '../machine-facts.js';
import { type ConfigValue, encodeComments, encodeConfig } from './config-syntax.js';

/** What the kernel takes for the name of a network interface: 15 bytes, no space, slash or colon. */
const INTERFACE_NAME = /^(?!\.{1,2}$)[\w.-]{1,15}$/;
/** Of the default bridge, which xl takes where none is named. */
const DEFAULT_BRIDGE = 'xenbr0';
/** Linux and, from Vista on, Windows have a driver for it; for xl's own choice, rtl8139, Windows no longer has one. */
const NIC_MODEL = 'e1000';
/** The least that the emulated card has; in MiB. */
const VIDEO_MIB = 16;
/** Groups of xl.cfg(5) by the key that a profile's platform has for them. `base` comes with each of them. */
const VIRIDIAN_GROUPS: Readonly<Record<string, string>> = {
  viridian: 'base',
  viridian_freq_msr: 'freq',
  viridian_time_ref_count: 'time_ref_count',
  viridian_reference_tsc: 'reference_tsc',
  viridian_hcall_remote_tlb_flush: 'hcall_remote_tlb_flush',
  viridian_apic_assist: 'apic_assist',
  viridian_crash_ctl: 'crash_ctl',
  viridian_stimer: 'stimer',
  viridian_hcall_ipi: 'hcall_ipi',
};

export interface XlConfig {
  readonly text: string;
  /** What the machine had and the configuration has not, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * A machine's configuration for `xl create` of Xen 4.12 or newer. `folder` is the absolute path under which the host
 * finds the disk `files`, one a disk in the machine's order. Throws CONFIG_INVALID for a path that xl cannot take.
 */
export function xlConfig(
  planned: PlannedMachine,
  profile: Profile,
  { folder, format, files }: { folder: string; format: XlDiskFormat; files: readonly string[] },
): XlConfig {
  const { machine, name, nics } = planned;
  const memoryMib = Math.ceil(machine.memoryBytes / MIB);
  const disks = files.map((file, index) => diskSpec(join(folder, file), format, index));
  const settings: (readonly [string, ConfigValue])[] = [
    ['name', name],
    ['uuid', machineUuid(machine)],
    ['type', 'hvm'],
    ['firmware', machine.firmware === 'efi' ? 'ovmf' : 'bios'],
    ['boot', bootParameters(machine).order ?? ''],
    ['vcpus', machine.cpus],
    ['memory', memoryMib],
    ['maxmem', memoryMib],
    ['disk', [...disks, `format=empty,vdev=${vdev(CD_DEVICE)},access=ro,devtype=cdrom,target=`]],
    ['vif', nics.map(({ network }, index) => vifSpec(network, macOf(planned, index)))],
    ...guestSettings(profile),
    ['vga', 'stdvga'],
    ['videoram', VIDEO_MIB],
    ['serial', 'pty'],
    ['usb', 1],
    ['usbdevice', ['tablet']],
    ['on_poweroff', 'destroy'],
    ['on_reboot', 'restart'],
    ['on_crash', 'restart'],
  ];
  const notes = lostSettings(planned);
  return { text: `${encodeComments(notes)}${encodeConfig(settings)}`, notes };
}

/** `target` comes last: it takes the rest of the line as it is (libxlu_disk_l.l). */
function diskSpec(path: string, format: XlDiskFormat, index: number): string {
  if (/[\n\r]/.test(path)) {
    throw new XenferryError('CONFIG_INVALID', 'xl takes no path with a line end', { file: path });
  }
  return `format=${format},vdev=${vdev(deviceNumber(index))},access=rw,target=${path}`;
}

/** `xvda` … `xvdz`, `xvdaa` …: the names that Linux gives. */
function vdev(device: number): string {
  let letters = '';
  for (let rest = device; rest >= 0; rest = Math.floor(rest / 26) - 1) {
    letters = String.fromCharCode(0x61 + (rest % 26)) + letters;
  }
  return `xvd${letters}`;
}

/** A network whose name is none of a bridge's is left to the default one; `lostSettings` tells. */
function vifSpec(network: string, mac: string): string {
  const bridge = INTERFACE_NAME.test(network) ? [`bridge=${network}`] : [];
  return [`mac=${mac}`, `model=${NIC_MODEL}`, ...bridge].join(',');
}

/** Windows keeps the clock in local time. */
function guestSettings({ family, platform }: Profile): (readonly [string, ConfigValue])[] {
  const on = Object.entries(VIRIDIAN_GROUPS).filter(([key]) => platform[key] === 'true');
  return [
    ...(on.length === 0 ? [] : [['viridian', on.map(([, group]) => group)] as const]),
    ...(family === 'windows' ? [['localtime', 1] as const] : []),
  ];
}

function lostSettings({ machine, nics, coresPerSocket }: PlannedMachine): string[] {
  const notes: string[] = [];
  const nameless = new Set(nics.map(({ network }) => network).filter((name) => !INTERFACE_NAME.test(name)));
  for (const network of nameless) {
    notes.push(
      `The network ${JSON.stringify(network)} is no name of a bridge: its cards are on ${DEFAULT_BRIDGE}. Map it, or set bridge=.`,
    );
  }
  if (coresPerSocket > 1)
    notes.push(`Every CPU is a socket of its own: xl has no ${coresPerSocket} cores a socket.`);
  if (machine.secureBoot) notes.push('Secure boot is off: the firmware that xl starts does not have it.');
  if (machine.virtualTpm) notes.push('The virtual TPM is left out: keys that were in it are not available.');
  for (const { kind, label } of machine.devices) {
    if (kind !== 'gpu' && kind !== 'pci-passthrough') continue;
    notes.push(`${label} is left out: assign one of the host's with pci=.`);
  }
  return notes;
}
