import type { GuestFiles } from '../../files/guest-files.js';
import type { Fixup } from '../fixup.js';
import { emptyNotes, shown } from '../notes.js';
import { GRUB_LEGACY_FILES, grub2Files, loaderEntryFiles } from './boot/boot-entries.js';
import { DiskNames } from './devices/disk-names.js';
import { mapCrypttab, mapFstab } from './devices/fstab.js';
import { mapGrubEnvironment, mapKernelArguments } from './devices/kernel-arguments.js';
import { editText, exists } from './text-files.js';

/** Lists of devices by their old names: the guest makes them again, or does without. */
const CACHES: readonly string[] = [
  '/etc/blkid.tab',
  '/etc/blkid/blkid.tab',
  '/etc/lvm/cache/.cache',
  '/etc/lvm/devices/system.devices',
];

const GRUB_ENVIRONMENTS: readonly string[] = ['/boot/grub2/grubenv', '/boot/grub/grubenv'];

/** Names of disks that VMware gave become ones that hold on any host. */
export const deviceNames: Fixup = {
  id: 'linux/device-names',
  title: 'Names of disks',
  async run(guest, files) {
    const notes = emptyNotes();
    const names = new DiskNames(guest);
    const edit = async (path: string, change: (text: string) => string) => {
      if (await editText(files, path, change))
        notes.done.push(`${shown(path)}: disks by names that hold on Xen.`);
    };
    const onXen = (device: string, mountPoint: string) => names.onXen(device, mountPoint);
    await edit('/etc/fstab', (text) => mapFstab(text, onXen));
    await edit('/etc/crypttab', (text) => mapCrypttab(text, (device) => names.onXen(device)));
    for (const path of await commandLineFiles(files))
      await edit(path, (text) => mapKernelArguments(text, onXen));
    for (const path of GRUB_ENVIRONMENTS) {
      await edit(path, (text) => mapGrubEnvironment(text, (body) => mapKernelArguments(body, onXen)));
    }
    await edit('/etc/initramfs-tools/conf.d/resume', (text) =>
      text.replace(
        /^(\s*RESUME=)(\/dev\/\S+)/gm,
        (_, key: string, device: string) => key + onXen(device, 'swap'),
      ),
    );
    for (const path of CACHES) {
      if (!(await exists(files, path))) continue;
      await files.remove(path);
      notes.done.push(`${path} with the old names was removed.`);
    }
    for (const guess of names.guessed) {
      notes.warnings.push(`${shown(guess)}: its file system was not found; check that name in the guest.`);
    }
    if (await exists(files, '/etc/lilo.conf')) {
      notes.warnings.push('LILO is not changed: run lilo in the guest when disks have other names on Xen.');
    }
    return notes;
  },
};

async function commandLineFiles(files: GuestFiles): Promise<readonly string[]> {
  return [
    '/etc/default/grub',
    '/etc/sysconfig/bootloader',
    '/etc/kernel/cmdline',
    ...GRUB_LEGACY_FILES,
    ...(await grub2Files(files)),
    ...(await loaderEntryFiles(files)),
  ];
}
