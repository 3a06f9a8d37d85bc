import { errorCodeOf, XenferryError } from '../../../model/errors.js';
import type { GuestFiles } from '../../files/guest-files.js';
import type { Fixup, InspectedGuest } from '../fixup.js';
import { emptyNotes, type Notes, shown } from '../notes.js';
import { type BootableKernel, bootableKernels } from './boot/kernels.js';
import { aligned, SEGMENT_ALIGNMENT } from './initramfs/cpio.js';
import { readInitramfs } from './initramfs/image.js';
import { keepForUpdates } from './initramfs/keep-for-updates.js';
import { type KernelModules, readKernelModules } from './initramfs/kernel-modules.js';
import { missingModules, modulesArchive, modulesInside } from './initramfs/missing-modules.js';

const MAX_INITRAMFS_BYTES = 512 * 1024 * 1024;

/** The Xen disk and the PCI device that announces it: a module of its own in EL 6. */
const XEN_DISK: readonly string[] = ['xen_platform_pci', 'xen_blkfront'];

/** What drives the disk that XAPI emulates until the Xen driver takes over. */
const EMULATED_DISK = {
  bios: ['ata_piix', 'ata_generic', 'sd_mod'],
  efi: ['nvme_core', 'nvme'],
} as const;

/** Profiles put the boot disk of older systems on IDE with UEFI too: NVMe is known to Linux since 3.3. */
const NVME_IS_USUAL_FROM = 4;

/** What boot loaders offer beside the system itself: a generic image that holds all drivers, and no Linux at all. */
const BESIDE_THE_SYSTEM = /rescue|memtest/;

/**
 * Puts the drivers of Xen's disk and of the emulated one into the initramfs of every kernel that can be started, by
 * an archive behind it; no program of the guest runs.
 */
export const initramfs: Fixup = {
  id: 'linux/initramfs',
  title: 'Disk drivers in the initramfs',
  async run(guest, files) {
    const notes = emptyNotes();
    const kernels = (await bootableKernels(files)).filter(({ kernel }) => !BESIDE_THE_SYSTEM.test(kernel));
    if (kernels.length === 0) {
      throw new XenferryError('GUEST_REFUSED', 'no kernel was found that the boot loader could start', {
        hint: 'Check the boot loader configuration in the guest, or convert it without fixups.',
      });
    }
    const failures: XenferryError[] = [];
    const added = new Set<string>();
    for (const kernel of kernels) {
      try {
        for (const name of await prepareKernel(guest, files, kernel, notes)) added.add(name);
      } catch (error) {
        if (!(error instanceof XenferryError) || error.category !== 'guest') throw error;
        failures.push(error);
      }
    }
    const [first] = failures;
    if (first !== undefined && failures.length === kernels.length) {
      throw new XenferryError('GUEST_REFUSED', `no kernel would find its disk on Xen: ${first.message}`, {
        ...first.place,
        hint: errorCodeOf(first.code) === 'GUEST_REFUSED' ? first.hint : rebuildHint(guest),
        cause: first,
      });
    }
    for (const failure of failures) {
      const place = failure.place.file ?? 'a kernel';
      notes.warnings.push(
        `${shown(place)} was left as it is, do not start it on Xen: ${shown(failure.message)}.`,
      );
    }
    if (added.size > 0) await keepForUpdates(files, [...added], notes);
    return notes;
  },
};

/** The modules that were added. Rejects with GUEST_REFUSED, GUEST_UNREADABLE when the kernel would not start. */
async function prepareKernel(
  guest: InspectedGuest,
  files: GuestFiles,
  kernel: BootableKernel,
  notes: Notes,
): Promise<readonly string[]> {
  const { version, initramfs: path } = kernel;
  const modules = version === null ? null : await readKernelModules(files, version);
  if (version === null || modules === null) {
    notes.warnings.push(
      `The modules of ${shown(kernel.kernel)} were not found; check that it starts with Xen's disks.`,
    );
    return [];
  }
  const emulated = emulatedDisk(guest, version);
  requireDriver(kernel, modules, emulated);
  const wanted = [...XEN_DISK, ...emulated].filter((name) => modules.byName.has(name));
  if (path === null) {
    if (wanted.includes('xen_blkfront')) throw refused(kernel, 'it has no initramfs to hold xen-blkfront');
    return [];
  }
  const bytes = await files.read(path, MAX_INITRAMFS_BYTES);
  if (bytes === null) throw refused(kernel, `its initramfs ${path} is missing`);
  const members = await inPlace(path, () => readInitramfs(bytes));
  if (isNash(members.get('init')?.bytes)) {
    if (modules.tellsBuiltin && wanted.length > 0) {
      throw refused(
        kernel,
        'its initrd loads a fixed list of modules and must be made again',
        rebuildHint(guest),
      );
    }
    notes.done.push(`${shown(version)} starts from the emulated IDE disk, whose driver is built in, as hda.`);
    return [];
  }
  const inside = modulesInside(members, version);
  const missing = missingModules(modules, inside, wanted);
  if (missing.length === 0) return [];
  const archive = await modulesArchive(files, modules, inside, missing, members, wanted);
  const padding = Buffer.alloc(aligned(bytes.length, SEGMENT_ALIGNMENT) - bytes.length);
  await files.append(path, Buffer.concat([padding, archive]));
  notes.done.push(`${path} now holds ${missing.length} more kernel modules for Xen's disks.`);
  return wanted;
}

/** Xen's driver takes the disk over if there is one; without it the emulated disk's driver must do. */
function requireDriver(kernel: BootableKernel, modules: KernelModules, emulated: readonly string[]): void {
  const known = (name: string) => modules.byName.has(name) || modules.builtin.has(name);
  const drivers = ['nvme', 'ata_piix'].filter((name) => emulated.includes(name));
  if (known('xen_blkfront') || drivers.some(known) || !modules.tellsBuiltin) return;
  throw refused(kernel, `it has neither xen-blkfront nor ${drivers.join(' or ')}`);
}

function emulatedDisk({ firmware }: InspectedGuest, kernelVersion: string): readonly string[] {
  const both = firmware === 'efi' && Number.parseInt(kernelVersion, 10) < NVME_IS_USUAL_FROM;
  return both ? [...EMULATED_DISK.efi, ...EMULATED_DISK.bios] : EMULATED_DISK[firmware];
}

/** The first shell of Red Hat's mkinitrd, up to EL 5. */
function isNash(init: Buffer | undefined): boolean {
  return init !== undefined && /^#!\s*\/bin\/nash/.test(init.toString('latin1', 0, 64));
}

async function inPlace<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof XenferryError)) throw error;
    const { code, message, hint, place } = error;
    throw new XenferryError(code, message, { ...place, hint, file, cause: error });
  }
}

function refused({ kernel }: BootableKernel, reason: string, hint?: string): XenferryError {
  return new XenferryError('GUEST_REFUSED', `${shown(kernel)}: ${reason}`, { file: kernel, hint });
}

function rebuildHint(guest: InspectedGuest): string {
  const drivers = [...XEN_DISK, ...EMULATED_DISK[guest.firmware]].slice(1).join(' ').replaceAll('_', '-');
  return `Make the initramfs again in the guest on VMware with these modules in it: ${drivers}; then export it again.`;
}
