import type { Fixup } from '../fixup.js';
import { emptyNotes } from '../notes.js';
import { addFirstBootScript } from './first-boot-scripts.js';
import { readText, shellSettings } from './text-files.js';

/**
 * New files get the label of what they replace or of their folder when they are written; restorecon sets at the first
 * start what the policy says of them. Only where it cannot, all files are labelled again at the start after.
 */
export const selinux: Fixup = {
  id: 'linux/selinux',
  title: 'SELinux labels',
  async run(_guest, files) {
    const notes = emptyNotes();
    const mode = shellSettings((await readText(files, '/etc/selinux/config')) ?? '').get('SELINUX');
    if (mode !== 'enforcing' && mode !== 'permissive') return notes;
    await addFirstBootScript(files, '05-selinux-labels', [
      'restorecon -R /boot /etc /var/lib/xenferry || touch /.autorelabel',
    ]);
    notes.atFirstBoot.push('The labels of changed files are set as the SELinux policy says.');
    return notes;
  },
};
