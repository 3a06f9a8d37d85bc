import type { GuestFileSystem } from '../../../src/guests/fixups/fixup.js';
import type { Firmware, Nic } from '../../../src/model/virtual-machine.js';
import { testNic } from '../machines.js';
import type { MemoryContent } from '../memory-files.js';

/** What a path of the guest is after all fixups; null: it is gone. */
export type Afterwards =
  /** The whole text. */
  | string
  /** Parts of the text. */
  | { readonly holds: readonly string[] }
  | { readonly link: string }
  /** An initramfs with these modules appended, by path as the cpio program lists them. */
  | { readonly modules: readonly string[] }
  | null;

/** A machine as a release's installer and VMware left it, and what was worked out by hand to be right on Xen. */
export interface LinuxFamily {
  readonly name: string;
  readonly distribution: string;
  readonly version: string;
  /** Id of the profile that what is on the disks leads to. */
  readonly profile: string;
  readonly firmware: Firmware;
  readonly nics: readonly Nic[];
  readonly fileSystems: readonly GuestFileSystem[];
  readonly tree: Readonly<Record<string, MemoryContent>>;
  /** Every path that changes; all others stay. */
  readonly after: Readonly<Record<string, Afterwards>>;
  /** A part of each thing the operator is told to look at, in order. */
  readonly warnings: readonly string[];
}

export const MAC = '00:50:56:8a:10:01';
export const IPV4 = '192.0.2.10';
export const IPV6 = '2001:db8::10';
export const NO_TOOLS = 'Xen guest tools are not installed';

export const ONE_CARD: readonly Nic[] = [testNic({ mac: MAC, addresses: [IPV4, IPV6] })];

export const VOLUME: Omit<GuestFileSystem, 'device' | 'type'> = { uuid: null, label: null, mountPoint: null };

/** A UUID that shows which volume has it. */
export function uuid(number: number): string {
  return `0a1b2c3d-0000-4000-8000-${String(number).padStart(12, '0')}`;
}

/** What the udev of systemd has since 197. */
export const LINK_RULES = '/usr/lib/udev/rules.d/80-net-setup-link.rules';

/** The rule that udev's write_net_rules wrote for a card on VMware. */
export function persistentNetRule(name: string, more = ''): string {
  return [
    '# PCI device 0x15ad:0x07b0 (vmxnet3)',
    `SUBSYSTEM=="net", ACTION=="add", DRIVERS=="?*", ATTR{address}=="${MAC}", ${more}ATTR{type}=="1", KERNEL=="eth*", NAME="${name}"`,
    '',
  ].join('\n');
}

/** That rule once it holds for any driver. */
export function freeNetRule(name: string): string {
  return [
    '# PCI device 0x15ad:0x07b0 (vmxnet3)',
    `SUBSYSTEM=="net", ACTION=="add", ATTR{address}=="${MAC}", NAME="${name}"`,
    '',
  ].join('\n');
}

/** The .link file that ties a name to the card's MAC. */
export function linkFile(name: string): Readonly<Record<string, Afterwards>> {
  const text = `[Match]\nMACAddress=${MAC}\n\n[Link]\nName=${name}\n`;
  return { [`/etc/systemd/network/70-xenferry-${name}.link`]: text };
}

/** What the first start leaves behind in run levels: scripts in a folder, links in one a level. */
export function startedByRunLevels(
  scripts: string,
  levels: (level: string) => string,
): Readonly<Record<string, Afterwards>> {
  const script = `${scripts}/xenferry-first-boot`;
  const links = ['2', '3', '4', '5'].map((level) => `${levels(level)}/S99xenferry-first-boot`);
  return {
    ...Object.fromEntries(links.map((link) => [link, { link: script }])),
    [script]: { holds: ['# chkconfig: 2345 99 01', '/bin/sh /var/lib/xenferry/first-boot'] },
    '/var/lib/xenferry/first-boot': { holds: [`rm -f ${links.join(' ')} ${script}\n`] },
  };
}

/** The same with systemd. */
export const STARTED_BY_SYSTEMD: Readonly<Record<string, Afterwards>> = {
  '/etc/systemd/system/xenferry-first-boot.service': {
    holds: ['ExecStart=/bin/sh /var/lib/xenferry/first-boot'],
  },
  '/etc/systemd/system/multi-user.target.wants/xenferry-first-boot.service': {
    link: '/etc/systemd/system/xenferry-first-boot.service',
  },
  '/var/lib/xenferry/first-boot': { holds: ['rm -f /etc/systemd/system/'] },
};

export const LABELS_AT_FIRST_START: Readonly<Record<string, Afterwards>> = {
  '/var/lib/xenferry/first-boot.d/05-selinux-labels': {
    holds: ['restorecon -R /boot /etc /var/lib/xenferry'],
  },
};

export const TARBALL_TOOLS: Readonly<Record<string, MemoryContent>> = {
  '/usr/bin/vmware-uninstall-tools.pl': '#!/usr/bin/perl -w\n',
  '/etc/vmware-tools/locations':
    'answer BINDIR /usr/bin\nanswer INITDIR /etc\nanswer RESTORE_RAMDISK_CMD mkinitrd\n',
};

export const TARBALL_TOOLS_GO: Readonly<Record<string, Afterwards>> = {
  '/var/lib/xenferry/first-boot.d/20-vmware-tools': {
    holds: [
      "echo 'remove_answer RESTORE_RAMDISK_CMD' >>/etc/vmware-tools/locations",
      '/usr/bin/vmware-uninstall-tools.pl --default',
    ],
  },
};

/** Units that start nothing any more. */
export function masked(...units: readonly string[]): Readonly<Record<string, Afterwards>> {
  return Object.fromEntries(units.map((unit) => [`/etc/systemd/system/${unit}`, { link: '/dev/null' }]));
}

/** Links of run levels that are gone. */
export function gone(...paths: readonly string[]): Readonly<Record<string, Afterwards>> {
  return Object.fromEntries(paths.map((path) => [path, null]));
}
