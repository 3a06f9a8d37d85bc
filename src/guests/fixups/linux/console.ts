import type { GuestFiles } from '../../files/guest-files.js';
import type { Fixup } from '../fixup.js';
import { emptyNotes, shown } from '../notes.js';
import { GRUB_LEGACY_FILES, grub2Files, loaderEntryFiles } from './boot/boot-entries.js';
import { editText, mapLines, pathsIn, readText } from './text-files.js';

/** A virtual machine with full hardware keeps its screen and serial line; only what names VMware's screen changes. */
export const consoles: Fixup = {
  id: 'linux/console',
  title: 'Console and screen',
  async run(_guest, files) {
    const notes = emptyNotes();
    const screens = ['/etc/X11/xorg.conf', ...(await pathsIn(files, '/etc/X11/xorg.conf.d', /\.conf$/))];
    const change = (text: string) => mapLines(text, withoutVmwareDriver);
    for (const path of screens) {
      if (await editText(files, path, change))
        notes.done.push(`${shown(path)}: the screen's driver is modesetting.`);
    }
    for (const path of await loaderFiles(files)) {
      const text = (await readText(files, path)) ?? '';
      if (!text.split('\n').some(talksToXenOnly)) continue;
      notes.warnings.push(
        `${shown(path)}: a kernel's only console is Xen's (hvc0, xvc0); add console=tty0 to see it start.`,
      );
    }
    return notes;
  },
};

function withoutVmwareDriver(line: string): string {
  return line.replace(/^(\s*Driver\s+")vmware(")/i, '$1modesetting$2');
}

function talksToXenOnly(line: string): boolean {
  const consoles = [...line.matchAll(/(?<!\S)console=(\w+)/g)].map((match) => match[1] ?? '');
  return consoles.length > 0 && consoles.every((name) => /^[hx]vc\d/.test(name));
}

async function loaderFiles(files: GuestFiles): Promise<readonly string[]> {
  return [...GRUB_LEGACY_FILES, ...(await grub2Files(files)), ...(await loaderEntryFiles(files))];
}
