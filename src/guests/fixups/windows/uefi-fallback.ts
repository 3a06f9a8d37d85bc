import { XenferryError } from '../../../model/errors.js';
import type { Fixup } from '../fixup.js';
import { emptyNotes } from '../notes.js';

const MAX_LOADER_BYTES = 32 * 1024 * 1024;

/** The firmware's variables stay on VMware: without them it starts EFI\Boot\bootx64.efi only (UEFI 2.10, 3.5.1.1). */
export const uefiFallback: Fixup = {
  id: 'windows/uefi-fallback',
  title: 'EFI boot loader',
  async run(guest, files) {
    const notes = emptyNotes();
    if (guest.firmware !== 'efi') return notes;
    const esp = guest.fileSystems.find(
      ({ type, mountPoint }) => type === 'vfat' && mountPoint !== null,
    )?.mountPoint;
    if (esp === undefined || esp === null)
      throw new XenferryError(
        'GUEST_REFUSED',
        'no EFI system partition was found, which Windows starts from',
      );
    const fallback = `${esp}/EFI/Boot/bootx64.efi`;
    if ((await files.entry(fallback)) !== null) return notes;
    const loader = await files.read(`${esp}/EFI/Microsoft/Boot/bootmgfw.efi`, MAX_LOADER_BYTES);
    if (loader === null) {
      throw new XenferryError('GUEST_REFUSED', 'the EFI system partition has no boot loader of Windows', {
        hint: 'Make it in the guest with `bcdboot C:\\Windows`, then export it again.',
      });
    }
    await files.write(fallback, loader);
    notes.done.push('The boot loader is found by its fallback name, EFI\\Boot\\bootx64.efi.');
    return notes;
  },
};
