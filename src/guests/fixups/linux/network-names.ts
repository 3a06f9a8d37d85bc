import type { GuestFiles } from '../../files/guest-files.js';
import type { Fixup } from '../fixup.js';
import { emptyNotes, type Notes, shown } from '../notes.js';
import { configuredNames } from './network/configured-names.js';
import { pairNames } from './network/pair-names.js';
import { namesDisksHd } from './old-kernels.js';
import { removeRunLevelLinks } from './services.js';
import { editText, firstExisting, mapLines, pathsIn, readText, withLine, writeText } from './text-files.js';

const RULES = '/etc/udev/rules.d/70-persistent-net.rules';

/** The rules by which udev reads .link files; older ones know no such files. */
const LINK_RULES: readonly string[] = [
  '/usr/lib/udev/rules.d/80-net-setup-link.rules',
  '/lib/udev/rules.d/80-net-setup-link.rules',
];

const VMWARE_ALIAS =
  /^\s*alias\s+(?:eth\d+\s+(?:vmxnet[23]?|pcnet32|e1000e?)|scsi_hostadapter\d*\s+(?:vmw_pvscsi|mpt\w+|BusLogic))\s*(?:#.*)?$/;

/** Ties the names of network cards to their MACs, so that what is configured for them holds on Xen. */
export const networkNames: Fixup = {
  id: 'linux/network-names',
  title: 'Names of network cards',
  async run(guest, files) {
    const notes = emptyNotes();
    const { pairs, open } = pairNames(await configuredNames(files), guest.nics);
    if (namesDisksHd(guest)) {
      // udev of EL 4 and 5 goes by HWADDR in ifcfg files and by the cards' order, which stay.
      if (open.length > 1) notes.warnings.push(uncertain(open));
    } else {
      const links = (await firstExisting(files, LINK_RULES)) !== null;
      for (const { name, mac } of pairs) {
        const changed = links ? await pinByLink(files, name, mac) : await pinByRule(files, name, mac);
        if (changed) notes.done.push(`The card with MAC ${mac} keeps the name ${name}.`);
      }
      if (links) await editText(files, RULES, (text) => mapLines(text, withoutDriver));
      if (open.length > 0) notes.warnings.push(uncertain(open));
    }
    await removeAliases(files, notes);
    // Up to EL 5 it takes Xen's card for another one and puts the old one's configuration aside.
    if ((await removeRunLevelLinks(files, /^kudzu$/)).length > 0)
      notes.done.push('kudzu, which would configure the network anew, does not start any more.');
    return notes;
  },
};

async function pinByLink(files: GuestFiles, name: string, mac: string): Promise<boolean> {
  const path = `/etc/systemd/network/70-xenferry-${name}.link`;
  const text = `[Match]\nMACAddress=${mac}\n\n[Link]\nName=${name}\n`;
  if ((await readText(files, path)) === text) return false;
  await writeText(files, path, text, 0o644);
  return true;
}

/** An old rule of this MAC loses its conditions on driver and kernel name; without one a rule is added. */
async function pinByRule(files: GuestFiles, name: string, mac: string): Promise<boolean> {
  const old = (await readText(files, RULES)) ?? '';
  let found = false;
  let changed = mapLines(old, (line) => {
    const rule = withoutDriver(line);
    if (!isRuleOf(rule, mac)) return rule;
    found = true;
    return rule.replace(/\bNAME="[^"]*"/, () => `NAME="${name}"`);
  });
  if (!found) {
    changed = withLine(changed, `SUBSYSTEM=="net", ACTION=="add", ATTR{address}=="${mac}", NAME="${name}"`);
  }
  if (changed === old) return false;
  await writeText(files, RULES, changed);
  return true;
}

function isRuleOf(line: string, mac: string): boolean {
  return !line.trimStart().startsWith('#') && line.toLowerCase().includes(`{address}=="${mac}"`);
}

function withoutDriver(line: string): string {
  if (line.trimStart().startsWith('#') || !/\{address\}==/.test(line)) return line;
  return line.replace(/\s*\b(?:DRIVERS|KERNEL|KERNELS|ATTR\{dev_id\}|ATTR\{type\})=="[^"]*",?/g, '');
}

async function removeAliases(files: GuestFiles, notes: Notes): Promise<void> {
  const paths = ['/etc/modprobe.conf', ...(await pathsIn(files, '/etc/modprobe.d', /^[\w.-]+$/))];
  for (const path of paths) {
    const without = (text: string) => mapLines(text, (line) => (VMWARE_ALIAS.test(line) ? null : line));
    if (await editText(files, path, without))
      notes.done.push(`${path}: aliases of VMware's drivers removed.`);
  }
}

function uncertain(names: readonly string[]): string {
  const list = names.slice(0, 8).map(shown).join(', ');
  return `It is not certain which network card is ${list}: write the MAC into its configuration in the guest before the export, or check the network after the first start.`;
}
