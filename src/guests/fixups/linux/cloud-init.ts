import type { Fixup } from '../fixup.js';
import { emptyNotes } from '../notes.js';
import { exists, pathsIn, readText, writeText } from './text-files.js';

const FOLDER = '/etc/cloud/cloud.cfg.d';
const DISABLED = /^\s*(?:network:\s*\{\s*config:\s*disabled\s*\}|network:\s*\n\s+config:\s*disabled)/m;

/** Without VMware's data source cloud-init would replace the network configuration by one with DHCP. */
export const cloudInit: Fixup = {
  id: 'linux/cloud-init',
  title: 'cloud-init',
  async run(_guest, files) {
    const notes = emptyNotes();
    if (!(await exists(files, '/etc/cloud/cloud.cfg'))) return notes;
    for (const path of ['/etc/cloud/cloud.cfg', ...(await pathsIn(files, FOLDER, /\.cfg$/))]) {
      if (DISABLED.test((await readText(files, path)) ?? '')) return notes;
    }
    await writeText(files, `${FOLDER}/99-xenferry-network.cfg`, 'network: {config: disabled}\n', 0o644);
    notes.done.push('cloud-init keeps the network configuration it wrote on VMware.');
    return notes;
  },
};
