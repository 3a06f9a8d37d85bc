import { join } from 'node:path';
import type { Fixup, InspectedGuest } from '../fixup.js';
import { emptyNotes } from '../notes.js';
import { namesIn, readPackage } from '../tools-folder.js';
import { addFirstBootScript, FIRST_BOOT_FOLDER } from './first-boot-scripts.js';
import { exists } from './text-files.js';

const MAX_PACKAGE_BYTES = 64 * 1024 * 1024;
const DEBIAN: readonly string[] = ['debian', 'ubuntu', 'linuxmint', 'devuan', 'kali'];

/** Programs that an installed agent brings. */
const AGENTS: readonly string[] = [
  '/usr/sbin/xe-daemon',
  '/usr/sbin/xen-guest-agent',
  '/usr/bin/xen-guest-agent',
];

/** Puts the operator's package of Xen's guest agent into the guest and has it installed at the first start. */
export const guestTools: Fixup = {
  id: 'linux/guest-tools',
  title: 'Xen guest tools',
  async run(guest, files, { toolsFolder }) {
    const notes = emptyNotes();
    for (const agent of AGENTS) if (await exists(files, agent)) return notes;
    const name = toolsFolder === null ? null : choosePackage(await namesIn(toolsFolder), guest);
    if (toolsFolder === null || name === null) {
      const why =
        toolsFolder === null ? 'none were supplied' : `none in ${toolsFolder} fit ${guest.distribution}`;
      notes.warnings.push(`Xen guest tools are not installed, ${why}: install them after the first start.`);
      return notes;
    }
    const path = `${FIRST_BOOT_FOLDER}/tools/${name}`;
    await files.write(path, await readPackage(join(toolsFolder, name), MAX_PACKAGE_BYTES), { mode: 0o600 });
    const install = name.endsWith('.deb') ? 'dpkg -i' : 'rpm -U --replacepkgs';
    await addFirstBootScript(files, '30-guest-tools', [`${install} ${path} && rm -f ${path}`]);
    notes.atFirstBoot.push(`${name} is installed.`);
    return notes;
  },
};

/** By kind of package and architecture; of several the one whose name sorts last, which is the newest. */
function choosePackage(names: readonly string[], guest: InspectedGuest): string | null {
  const ending = DEBIAN.includes(guest.distribution) ? 'deb' : 'rpm';
  const architecture =
    guest.architecture === 'i386' ? '(?:i[3-6]86|all|noarch)' : '(?:amd64|x86_64|all|noarch)';
  const pattern = new RegExp(
    `^xe(?:n-guest-agent|-guest-utilities)[\\w.+~-]*[._-]${architecture}\\.${ending}$`,
  );
  const fitting = names.filter((name) => pattern.test(name));
  return fitting.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1) ?? null;
}
