import type { GuestFiles } from '../../../files/guest-files.js';
import type { Notes } from '../../notes.js';
import { editText, exists, mapLines, withLine, writeText } from '../text-files.js';

const INITRAMFS_TOOLS = '/etc/initramfs-tools/modules';
const DRACUT_FOLDER = '/etc/dracut.conf.d';
const SUSE_KERNEL = '/etc/sysconfig/kernel';

/** Tells the guest's own tools about the modules, so that the next kernel's initramfs has them too. */
export async function keepForUpdates(
  files: GuestFiles,
  names: readonly string[],
  notes: Notes,
): Promise<void> {
  const kept: string[] = [];
  if (await editText(files, INITRAMFS_TOOLS, (text) => withModuleLines(text, names)))
    kept.push(INITRAMFS_TOOLS);
  if ((await exists(files, DRACUT_FOLDER)) || (await exists(files, '/etc/dracut.conf'))) {
    const path = `${DRACUT_FOLDER}/xenferry.conf`;
    await writeText(files, path, `add_drivers+=" ${names.join(' ').replaceAll('_', '-')} "\n`, 0o644);
    kept.push(path);
  }
  if (await editText(files, SUSE_KERNEL, (text) => withSuseModules(text, names))) kept.push(SUSE_KERNEL);
  if (kept.length > 0) notes.done.push(`The next kernel gets these modules as well (${kept.join(', ')}).`);
}

function withModuleLines(text: string, names: readonly string[]): string {
  const listed = new Set(text.split(/\r?\n/).map((line) => line.trim().replaceAll('-', '_')));
  return names.filter((name) => !listed.has(name)).reduce(withLine, text);
}

/** SLES up to 11: `INITRD_MODULES="..."`. */
function withSuseModules(text: string, names: readonly string[]): string {
  return mapLines(text, (line) => {
    const match = /^(INITRD_MODULES=")([^"]*)(".*)$/.exec(line);
    if (match === null) return line;
    const [, head = '', list = '', tail = ''] = match;
    const listed = list.split(/\s+/).filter((name) => name !== '');
    const known = new Set(listed.map((name) => name.replaceAll('-', '_')));
    const more = names.filter((name) => !known.has(name)).map((name) => name.replaceAll('_', '-'));
    return more.length === 0 ? line : `${head}${[...listed, ...more].join(' ')}${tail}`;
  });
}
