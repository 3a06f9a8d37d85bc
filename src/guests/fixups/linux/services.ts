import type { GuestFiles } from '../../files/guest-files.js';
import { exists, firstExisting, pathsIn } from './text-files.js';

const UNIT_FOLDERS: readonly string[] = [
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
  '/etc/systemd/system',
];

/** Where Red Hat, SUSE and Debian keep the links of a run level; SUSE has a link from Red Hat's folder to its own. */
export const RUN_LEVELS: readonly { readonly scripts: string; readonly levels: (level: string) => string }[] =
  [
    { scripts: '/etc/rc.d/init.d', levels: (level) => `/etc/rc.d/rc${level}.d` },
    { scripts: '/etc/init.d', levels: (level) => `/etc/init.d/rc${level}.d` },
    { scripts: '/etc/init.d', levels: (level) => `/etc/rc${level}.d` },
  ];

/** Whether systemd starts the system: Debian 7 may have it installed beside System V's init, which is a file. */
export async function hasSystemd(files: GuestFiles): Promise<boolean> {
  if ((await files.entry('/sbin/init'))?.kind === 'file') return false;
  return (await firstExisting(files, ['/usr/lib/systemd/systemd', '/lib/systemd/systemd'])) !== null;
}

/** Keeps a unit from being started in any way; false when the guest does not have it, or has it masked already. */
export async function maskUnit(files: GuestFiles, unit: string): Promise<boolean> {
  const place = await firstExisting(
    files,
    UNIT_FOLDERS.map((folder) => `${folder}/${unit}`),
  );
  if (place === null) return false;
  const mask = `/etc/systemd/system/${unit}`;
  const own = await files.entry(mask);
  if (own?.kind === 'link' && own.target === '/dev/null') return false;
  // A unit of the administrator's own stays where it is and only loses what starts it.
  if (own?.kind === 'file') return removeWants(files, unit);
  await files.link(mask, '/dev/null');
  return true;
}

/** Removes the links by which System V run levels start services whose names match; their paths. */
export async function removeRunLevelLinks(files: GuestFiles, name: RegExp): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const { levels } of RUN_LEVELS) {
    for (const level of ['0', '1', '2', '3', '4', '5', '6', 'S']) {
      for (const path of await pathsIn(files, levels(level), /^[SK]\d\d/)) {
        if (!name.test(path.slice(path.lastIndexOf('/') + 4)) || !(await exists(files, path))) continue;
        await files.remove(path);
        removed.push(path);
      }
    }
  }
  return removed;
}

async function removeWants(files: GuestFiles, unit: string): Promise<boolean> {
  let removed = false;
  for (const folder of await pathsIn(files, '/etc/systemd/system', /\.(?:wants|requires)$/)) {
    if (!(await exists(files, `${folder}/${unit}`))) continue;
    await files.remove(`${folder}/${unit}`);
    removed = true;
  }
  return removed;
}
