import { XenferryError } from '../../../model/errors.js';
import type { GuestFiles } from '../../files/guest-files.js';
import type { Fixup, InspectedGuest } from '../fixup.js';
import { emptyNotes } from '../notes.js';

const MAX_LOADER_BYTES = 32 * 1024 * 1024;

/** Loaders by preference, with what each looks for beside itself under the name it looks for. */
const LOADERS: readonly {
  readonly loader: string;
  readonly beside: readonly (readonly [string, string])[];
}[] = [
  {
    loader: 'shimx64.efi',
    beside: [
      ['grubx64.efi', 'grubx64.efi'],
      ['mmx64.efi', 'mmx64.efi'],
      ['grub.cfg', 'grub.cfg'],
    ],
  },
  {
    loader: 'shim.efi',
    beside: [
      ['grub.efi', 'grub.efi'],
      ['grubx64.efi', 'grubx64.efi'],
      ['grub.cfg', 'grub.cfg'],
    ],
  },
  { loader: 'grubx64.efi', beside: [['grub.cfg', 'grub.cfg']] },
  { loader: 'grub.efi', beside: [['grub.conf', 'BOOTX64.conf']] },
  { loader: 'systemd-bootx64.efi', beside: [] },
];

/** The firmware's variables stay on VMware: without them it starts EFI/BOOT/BOOTX64.EFI only (UEFI 2.10, 3.5.1.1). */
export const uefiFallback: Fixup = {
  id: 'linux/uefi-fallback',
  title: 'EFI boot loader',
  async run(guest, files) {
    const notes = emptyNotes();
    if (guest.firmware !== 'efi') return notes;
    const efi = await efiFolder(files);
    if (efi === null) {
      throw new XenferryError(
        'GUEST_REFUSED',
        'no EFI system partition was found below /boot/efi, /efi or /boot',
      );
    }
    const boot = (await child(files, efi, 'BOOT')) ?? `${efi}/BOOT`;
    if ((await child(files, boot, 'BOOTX64.EFI')) !== null) return notes;
    for (const folder of await vendorFolders(files, efi, guest)) {
      const done = await copyLoader(files, folder, boot);
      if (done === null) continue;
      notes.done.push(done);
      return notes;
    }
    throw new XenferryError('GUEST_REFUSED', `no EFI boot loader that is known was found in ${efi}`, {
      hint: 'Put the boot loader at EFI/BOOT/BOOTX64.EFI in the guest, then export the machine again.',
    });
  },
};

async function copyLoader(files: GuestFiles, folder: string, boot: string): Promise<string | null> {
  for (const { loader, beside } of LOADERS) {
    const source = await child(files, folder, loader);
    const bytes = source === null ? null : await files.read(source, MAX_LOADER_BYTES);
    if (source === null || bytes === null) continue;
    for (const [name, newName] of beside) {
      const other = await child(files, folder, name);
      const content = other === null ? null : await files.read(other, MAX_LOADER_BYTES);
      if (content !== null) await files.write(`${boot}/${newName}`, content);
    }
    await files.write(`${boot}/BOOTX64.EFI`, bytes);
    return `${loader} was copied to where the firmware looks without its variables.`;
  }
  return null;
}

async function efiFolder(files: GuestFiles): Promise<string | null> {
  for (const mount of ['/boot/efi', '/efi', '/boot']) {
    const folder = await child(files, mount, 'EFI');
    if (folder !== null) return folder;
  }
  return null;
}

/** The distribution's own first: a folder may be left from another system. */
async function vendorFolders(files: GuestFiles, efi: string, guest: InspectedGuest): Promise<string[]> {
  const names = (await files.list(efi)).filter((name) => !/^(?:boot|microsoft)$/i.test(name));
  const own = names.filter((name) => name.toLowerCase().startsWith(guest.distribution));
  return [...own, ...names.filter((name) => !own.includes(name))].map((name) => `${efi}/${name}`);
}

/** FAT does not tell letter case apart, but names are listed as they were written. */
async function child(files: GuestFiles, folder: string, name: string): Promise<string | null> {
  const found = (await files.list(folder)).find((other) => other.toLowerCase() === name.toLowerCase());
  return found === undefined ? null : `${folder}/${found}`;
}
