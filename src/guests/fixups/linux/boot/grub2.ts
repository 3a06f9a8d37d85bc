import type { BootEntry } from './boot-entry.js';

/**
 * The menu entries of a grub.cfg that start Linux without Xen, and its fixed default if it has one (GNU GRUB manual,
 * "menuentry", "linux", "initrd").
 */
export function grub2Entries(text: string): { entries: BootEntry[]; chosen: string | null } {
  const entries: BootEntry[] = [];
  let heading = { title: '', id: '' };
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.trim();
    const menu = /^menuentry\s+(?:'([^']*)'|"([^"]*)")/.exec(line);
    if (menu !== null) {
      const id = /(?:--id|\$menuentry_id_option)\s+['"]?([^\s'"]+)/.exec(line)?.[1] ?? '';
      heading = { title: menu[1] ?? menu[2] ?? '', id };
      continue;
    }
    const [command = '', ...words] = line.split(/\s+/);
    if (/^linux(?:16|efi)?$/.test(command)) {
      entries.push({ ...heading, kernel: words[0] ?? '', initrds: [] });
    } else if (/^initrd(?:16|efi)?$/.test(command)) {
      const entry = entries.pop();
      if (entry !== undefined) entries.push({ ...entry, initrds: words });
    }
  }
  const fixed = /^\s*set\s+default="?([^"$\s][^"$]*)"?\s*$/m.exec(text)?.[1] ?? null;
  return { entries, chosen: fixed };
}
