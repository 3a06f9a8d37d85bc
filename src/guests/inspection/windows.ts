import { XenferryError } from '../../model/errors.js';
import type { Firmware, Nic } from '../../model/virtual-machine.js';
import type { GuestFiles } from '../files/guest-files.js';
import type { GuestFileSystem, InspectedGuest } from '../fixups/fixup.js';
import type { Hive, HiveKey } from '../registry/hive.js';
import { isDomainController, openSoftwareHive, openSystemHive } from '../registry/windows-hives.js';

const CONFIG = '/Windows/System32/config';
/** Kernels are about 12 MiB. */
const MAX_KERNEL_BYTES = 64 * 1024 * 1024;
const LONGEST_TITLE = 200;
/** The first build that is Windows 11 while its product name still says 10. */
const WINDOWS_11 = 22_000;

/**
 * Which Windows this is, by its registry; null when it has none. `version` is `6.3.9600`. Rejects with
 * GUEST_REFUSED when the registry is not complete or the system is on a dynamic disk, and with GUEST_UNREADABLE.
 */
export async function inspectWindows(
  files: GuestFiles,
  firmware: Firmware,
  nics: readonly Nic[],
  fileSystems: readonly GuestFileSystem[],
): Promise<InspectedGuest | null> {
  for (const hive of ['SYSTEM', 'SOFTWARE']) {
    if ((await files.entry(`${CONFIG}/${hive}`))?.kind !== 'file') return null;
  }
  const software = await openSoftwareHive(files);
  const key = software.hive.key('Microsoft\\Windows NT\\CurrentVersion');
  if (key === null) return null;
  const { hive: system, controlSet } = await openSystemHive(files);
  refuseDynamicDisk(system, key.string('SystemRoot') ?? '', firmware);
  const release = releaseOf(key);
  if (release === null) return null;
  const title = `${release.title}${isDomainController(controlSet) ? ', domain controller' : ''}`;
  const architecture = await findArchitecture(files);
  return {
    family: 'windows',
    distribution: 'windows',
    version: release.version,
    title,
    architecture,
    firmware,
    nics,
    fileSystems,
  };
}

/** `CurrentVersion` has stopped at 6.3; Windows 10 and later have their numbers in values of their own. */
function releaseOf(key: HiveKey): { readonly version: string; readonly title: string } | null {
  const build = key.string('CurrentBuildNumber') ?? key.string('CurrentBuild') ?? '';
  const major = key.dword('CurrentMajorVersionNumber');
  const minor = key.dword('CurrentMinorVersionNumber');
  const number = major === null ? key.string('CurrentVersion') : `${major}.${minor ?? 0}`;
  if (number === null || !/^\d{1,3}\.\d{1,3}$/.test(number) || !/^\d{1,6}$/.test(build)) return null;
  const product = key.string('ProductName') ?? 'Windows';
  const isServer = /^Server/i.test(key.string('InstallationType') ?? '');
  const named =
    Number(build) >= WINDOWS_11 && !isServer ? product.replace(/^Windows 10\b/, 'Windows 11') : product;
  const pack = key.string('CSDVersion');
  return { version: `${number}.${build}`, title: clean(pack === null ? named : `${named} ${pack}`) };
}

/**
 * MountedDevices says for a letter what it stands for: a basic MBR disk's signature and an offset, 12 bytes in all, or
 * `DMIO:ID:` and a GUID for volumes of dynamic disks and for partitions of GPT disks. Windows boots with BIOS from MBR
 * disks only, so there it is a dynamic one; with UEFI the two cannot be told apart here.
 */
function refuseDynamicDisk(system: Hive, systemRoot: string, firmware: Firmware): void {
  const letter = /^[A-Za-z]:/.exec(systemRoot)?.[0] ?? 'C:';
  const device = system.key('MountedDevices')?.value(`\\DosDevices\\${letter}`)?.data;
  if (firmware !== 'bios' || device?.toString('latin1', 0, 8) !== 'DMIO:ID:') return;
  throw new XenferryError('GUEST_REFUSED', 'Windows is on a dynamic disk', {
    hint: 'Move the system to a basic disk in the guest and export it again, or convert it without fixups.',
  });
}

/** By the PE header of the kernel: the offset of `PE\0\0` is at 60, the machine follows it (PE format, Microsoft). */
async function findArchitecture(files: GuestFiles): Promise<'x86_64' | 'i386' | null> {
  const kernel = await files.read('/Windows/System32/ntoskrnl.exe', MAX_KERNEL_BYTES);
  if (kernel === null || kernel.length < 64 || kernel.toString('latin1', 0, 2) !== 'MZ') return null;
  const at = kernel.readUInt32LE(60);
  if (at + 6 > kernel.length || kernel.toString('latin1', at, at + 4) !== 'PE\0\0') return null;
  const machine = kernel.readUInt16LE(at + 4);
  if (machine === 0x8664) return 'x86_64';
  return machine === 0x14c ? 'i386' : null;
}

function clean(text: string): string {
  return text
    .replace(/[^\x20-\x7e]/g, ' ')
    .trim()
    .slice(0, LONGEST_TITLE);
}
