import type { GuestFiles } from '../../files/guest-files.js';
import type { Fixup } from '../fixup.js';
import { emptyNotes } from '../notes.js';
import { FIRST_BOOT_FOLDER, SCRIPTS_FOLDER } from './first-boot-scripts.js';
import { hasSystemd, RUN_LEVELS } from './services.js';
import { editText, pathsIn, withLine, writeText } from './text-files.js';

const SERVICE = 'xenferry-first-boot';
const RUNNER = `${FIRST_BOOT_FOLDER}/first-boot`;
const LOG = '/var/log/xenferry-first-boot.log';
const UNIT = `/etc/systemd/system/${SERVICE}.service`;
const WANTED = `/etc/systemd/system/multi-user.target.wants/${SERVICE}.service`;

/** Installs the service that runs what other fixups left for the first start, in order, once; then it is gone. */
export const firstBoot: Fixup = {
  id: 'linux/first-boot',
  title: 'First start',
  async run(_guest, files) {
    const notes = emptyNotes();
    const scripts = await pathsIn(files, SCRIPTS_FOLDER, /^\d\d-/);
    if (scripts.length === 0) return notes;
    const installed = (await hasSystemd(files)) ? await installUnit(files) : await installInitScript(files);
    if (installed.length === 0) {
      notes.warnings.push(
        `No way to start a service was found; run the scripts in ${SCRIPTS_FOLDER} by hand.`,
      );
      return notes;
    }
    await writeText(files, RUNNER, runner(installed), 0o700);
    notes.atFirstBoot.push(`${scripts.length} scripts run once and write to ${LOG}.`);
    return notes;
  },
};

async function installUnit(files: GuestFiles): Promise<readonly string[]> {
  const unit = [
    '[Unit]',
    'Description=Changes that Xenferry left for the first start',
    'After=local-fs.target network.target',
    `ConditionPathExists=${RUNNER}`,
    '',
    '[Service]',
    'Type=oneshot',
    `ExecStart=/bin/sh ${RUNNER}`,
    'TimeoutStartSec=30min',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ].join('\n');
  await writeText(files, UNIT, unit, 0o644);
  await files.link(WANTED, UNIT);
  return [WANTED, UNIT];
}

async function installInitScript(files: GuestFiles): Promise<readonly string[]> {
  for (const { scripts, levels } of RUN_LEVELS) {
    if (!(await isFolder(files, levels('3'))) || !(await isFolder(files, scripts))) continue;
    const script = `${scripts}/${SERVICE}`;
    const text = [
      '#!/bin/sh',
      '# chkconfig: 2345 99 01',
      '# description: Changes that Xenferry left for the first start',
      '### BEGIN INIT INFO',
      `# Provides: ${SERVICE}`,
      '# Required-Start: $all',
      '# Required-Stop:',
      '# Default-Start: 2 3 4 5',
      '# Default-Stop:',
      '### END INIT INFO',
      `[ "$1" = start ] && [ -f ${RUNNER} ] && /bin/sh ${RUNNER}`,
      'exit 0',
      '',
    ].join('\n');
    await writeText(files, script, text, 0o755);
    const links = ['2', '3', '4', '5'].map((level) => `${levels(level)}/S99${SERVICE}`);
    for (const link of links) await files.link(link, script);
    await editText(files, `${scripts}/.depend.start`, startedLast);
    return [...links, script];
  }
  return [];
}

async function isFolder(files: GuestFiles, path: string): Promise<boolean> {
  return (await files.entry(path))?.kind === 'folder';
}

/**
 * insserv's list of what starts after what: where it is (Debian 6 and 7, SLES 11), startpar -M starts what is in it and
 * has a link, and passes over other links.
 */
function startedLast(text: string): string {
  const targets = /^TARGETS = ?(.*)$/m.exec(text)?.[1];
  if (targets === undefined || targets.split(' ').includes(SERVICE)) return text;
  const listed = text.replace(/^TARGETS = ?.*$/m, () => `TARGETS = ${targets} ${SERVICE}`);
  return withLine(listed, `${SERVICE}: ${targets}`);
}

/** A script that fails stays for the operator, and so does the log; the service goes in any case. */
function runner(installed: readonly string[]): string {
  return [
    '#!/bin/sh',
    `exec >>${LOG} 2>&1`,
    `rm -f ${installed.join(' ')}`,
    `for script in ${SCRIPTS_FOLDER}/[0-9][0-9]-*; do`,
    '  [ -f "$script" ] || continue',
    '  echo "$(date): $script"',
    '  if /bin/sh "$script" </dev/null; then rm -f "$script"; else echo "$script failed: $?"; fi',
    'done',
    `rm -f ${RUNNER}`,
    `rmdir ${SCRIPTS_FOLDER} 2>/dev/null`,
    'exit 0',
    '',
  ].join('\n');
}
