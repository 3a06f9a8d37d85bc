import type { BootEntry } from './boot-entry.js';

/**
 * The entries of a menu.lst or grub.conf that start Linux without Xen, each under its number (GNU GRUB Legacy manual,
 * "Commands"). Entries for Xen's hypervisor have a `kernel` line of their own kind and are left out.
 */
export function grubLegacyEntries(text: string): { entries: BootEntry[]; chosen: string | null } {
  const entries: BootEntry[] = [];
  let chosen: string | null = null;
  let number = -1;
  let title = '';
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.trim();
    const match = /^([a-z]+)(?:\s*=\s*|\s+)(.*)$/.exec(line);
    const value = match?.[2] ?? '';
    if (match?.[1] === 'default') chosen = value;
    else if (match?.[1] === 'title') {
      number++;
      title = value;
    } else if (match?.[1] === 'kernel') {
      const kernel = withoutDevice(value.split(/\s+/).find((word) => !word.startsWith('--')) ?? '');
      if (!/\/xen[^/]*$/.test(kernel)) entries.push({ title, id: String(number), kernel, initrds: [] });
    } else if (match?.[1] === 'initrd') {
      const entry = entries.at(-1);
      if (entry?.id === String(number)) {
        entries[entries.length - 1] = { ...entry, initrds: [withoutDevice(value)] };
      }
    }
  }
  return { entries, chosen };
}

/** `(hd0,0)/vmlinuz` is `/vmlinuz` of the first partition. */
function withoutDevice(path: string): string {
  return path.replace(/^\(hd\d+,\d+\)/, '');
}
