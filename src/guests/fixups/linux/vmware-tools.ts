import type { GuestFiles } from '../../files/guest-files.js';
import type { Fixup } from '../fixup.js';
import { emptyNotes, shown } from '../notes.js';
import { addFirstBootScript } from './first-boot-scripts.js';
import { maskUnit, removeRunLevelLinks } from './services.js';
import { editText, exists, mapLines, pathsIn } from './text-files.js';

const UNITS: readonly string[] = [
  'open-vm-tools.service',
  'vgauthd.service',
  'vgauth.service',
  'vmtoolsd.service',
  'vmware-tools.service',
  'vmware-tools-thinprint.service',
  'vmware-caf.service',
  'run-vmblock\\x2dfuse.mount',
];

const SERVICES = /^(?:vmware-tools(?:-\w+)?|open-vm-tools|vmtoolsd|vgauthd?)$/;
const UNINSTALLER = '/usr/bin/vmware-uninstall-tools.pl';
const LOCATIONS = '/etc/vmware-tools/locations';

/** Keeps VMware's tools from starting; those of the tarball take themselves away at the first start. */
export const vmwareTools: Fixup = {
  id: 'linux/vmware-tools',
  title: 'VMware Tools',
  async run(guest, files) {
    const notes = emptyNotes();
    const masked: string[] = [];
    for (const unit of UNITS) if (await maskUnit(files, unit)) masked.push(unit);
    if (masked.length > 0) notes.done.push(`These units do not start any more: ${masked.join(', ')}.`);
    const links = await removeRunLevelLinks(files, SERVICES);
    if (links.length > 0) notes.done.push('Run levels do not start VMware Tools any more.');
    await stopUpstartJobs(files, notes.done);
    if ((await exists(files, UNINSTALLER)) && (await exists(files, LOCATIONS))) {
      await addFirstBootScript(files, '20-vmware-tools', uninstall());
      notes.atFirstBoot.push('VMware Tools of the tarball are uninstalled.');
    } else if (masked.length > 0 && guest.distribution === 'ubuntu') {
      notes.warnings.push('open-vm-tools stays installed but off: the package ubuntu-server depends on it.');
    }
    await disableRepositories(files, notes.done);
    return notes;
  },
};

/** Without the answers that are removed here the uninstaller would make the initramfs again as it was before. */
function uninstall(): string[] {
  const answers = ['RESTORE_RAMDISK_CMD', 'RESTORE_RAMDISK_KERNELS', 'RESTORE_RAMDISK_ONECALL'];
  return [
    `[ -x ${UNINSTALLER} ] || exit 0`,
    ...answers.map((answer) => `echo 'remove_answer ${answer}' >>${LOCATIONS}`),
    `${UNINSTALLER} --default`,
  ];
}

async function stopUpstartJobs(files: GuestFiles, done: string[]): Promise<void> {
  for (const path of await pathsIn(files, '/etc/init', /^(?:vmware-tools[\w-]*|open-vm-tools)\.conf$/)) {
    if (await editText(files, path, withoutStart)) done.push(`${shown(path)} does not start any more.`);
  }
}

/**
 * A job whose `start on` is a comment (init(5)), with the lines that its parentheses hold together. Override files would
 * leave the job as it is, but Upstart before 1.3 (EL 6, Ubuntu 10.04) does not read them.
 */
function withoutStart(text: string): string {
  let open = 0;
  return mapLines(text, (line) => {
    if (open === 0 && !/^\s*start\s+on\b/.test(line)) return line;
    open = Math.max(0, open + line.split('(').length - line.split(')').length);
    return `# ${line}`;
  });
}

async function disableRepositories(files: GuestFiles, done: string[]): Promise<void> {
  const changes: [string, RegExp, (text: string) => string][] = [
    ['/etc/yum.repos.d', /\.repo$/, withoutVmwareRepositories],
    ['/etc/zypp/repos.d', /\.repo$/, withoutVmwareRepositories],
    ['/etc/apt/sources.list.d', /\.list$/, withoutVmwareSources],
    ['/etc/apt', /^sources\.list$/, withoutVmwareSources],
  ];
  for (const [folder, pattern, change] of changes) {
    for (const path of await pathsIn(files, folder, pattern)) {
      if (await editText(files, path, change)) done.push(`${shown(path)}: VMware's repository is off.`);
    }
  }
}

/** `enabled=0` in sections whose packages come from vmware.com. */
function withoutVmwareRepositories(text: string): string {
  return text
    .split(/^(?=\[)/m)
    .map((section) => {
      if (!/^(?:baseurl|mirrorlist)\s*=.*\bvmware\.com\b/m.test(section)) return section;
      if (/^enabled\s*=/m.test(section)) return section.replace(/^(enabled\s*=\s*)[^\s#]+/m, '$10');
      return section.replace(/^(\[[^\]]*\][^\r\n]*)(\r?\n)/, '$1$2enabled=0$2');
    })
    .join('');
}

function withoutVmwareSources(text: string): string {
  return mapLines(text, (line) => (/^\s*deb(?:-src)?\s.*\bvmware\.com\b/.test(line) ? `# ${line}` : line));
}
