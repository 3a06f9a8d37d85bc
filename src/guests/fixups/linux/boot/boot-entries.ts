import type { GuestFiles } from '../../../files/guest-files.js';
import { pathsIn, readText } from '../text-files.js';
import type { BootEntry } from './boot-entry.js';
import { grubLegacyEntries } from './grub-legacy.js';
import { grub2Entries } from './grub2.js';
import { bootLoaderSpecEntry } from './loader-entries.js';

export const GRUB_LEGACY_FILES: readonly string[] = [
  '/boot/grub/menu.lst',
  '/boot/grub/grub.conf',
  '/boot/efi/EFI/redhat/grub.conf',
  '/boot/efi/EFI/BOOT/BOOTX64.conf',
];

/** More kernels than anybody keeps. */
const MAX_ENTRIES = 64;

/** Every grub2 configuration: a small one on the EFI system partition may lead to the real one. */
export async function grub2Files(files: GuestFiles): Promise<string[]> {
  const found = ['/boot/grub/grub.cfg', '/boot/grub2/grub.cfg'];
  for (const folder of await pathsIn(files, '/boot/efi/EFI', /^[\w.-]+$/)) found.push(`${folder}/grub.cfg`);
  return found;
}

export async function loaderEntryFiles(files: GuestFiles): Promise<string[]> {
  const folders = ['/boot/loader/entries', '/boot/efi/loader/entries'];
  return (await Promise.all(folders.map((folder) => pathsIn(files, folder, /\.conf$/)))).flat();
}

/** What the boot loaders offer, the default first, then in their order, the newest of loader entries first. */
export async function bootEntries(files: GuestFiles): Promise<readonly BootEntry[]> {
  const saved = await savedEntry(files);
  const specs: BootEntry[] = [];
  for (const path of (await loaderEntryFiles(files)).sort(natural).reverse()) {
    const entry = bootLoaderSpecEntry((await readText(files, path)) ?? '', path);
    if (entry !== null) specs.push(entry);
  }
  if (specs.length > 0) return defaultFirst(specs, saved);
  for (const path of await grub2Files(files)) {
    const { entries, chosen } = grub2Entries((await readText(files, path)) ?? '');
    if (entries.length > 0) return defaultFirst(entries, chosen ?? saved);
  }
  for (const path of GRUB_LEGACY_FILES) {
    const { entries, chosen } = grubLegacyEntries((await readText(files, path)) ?? '');
    if (entries.length > 0) return defaultFirst(entries, chosen);
  }
  return [];
}

/** `kernel-10` after `kernel-9`. */
export function natural(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

function defaultFirst(entries: readonly BootEntry[], chosen: string | null): readonly BootEntry[] {
  const wanted = chosen?.split('>').at(-1);
  const byName = entries.findIndex(({ title, id }) => wanted === title || wanted === id);
  const index = byName >= 0 || !/^\d+$/.test(wanted ?? '') ? byName : Number(wanted);
  const first = entries[index];
  const ordered = first === undefined ? entries : [first, ...entries.filter((entry) => entry !== first)];
  return ordered.slice(0, MAX_ENTRIES);
}

async function savedEntry(files: GuestFiles): Promise<string | null> {
  for (const path of ['/boot/grub2/grubenv', '/boot/grub/grubenv']) {
    const match = /^saved_entry=(.+)$/m.exec((await readText(files, path)) ?? '');
    if (match?.[1] !== undefined) return match[1].trim();
  }
  return null;
}
