import type { Firmware, Nic } from '../../model/virtual-machine.js';
import type { GuestFiles } from '../files/guest-files.js';
import type { GuestFileSystem, InspectedGuest } from '../fixups/fixup.js';

const MAX_RELEASE_BYTES = 64 * 1024;
const MAX_PROGRAM_BYTES = 64 * 1024 * 1024;
const LONGEST_TITLE = 200;

interface Release {
  readonly distribution: string;
  readonly version: string;
  readonly title: string;
}

/** Which Linux this is, by its release files; null when there are none. Rejects with GUEST_UNREADABLE. */
export async function inspectLinux(
  files: GuestFiles,
  firmware: Firmware,
  nics: readonly Nic[],
  fileSystems: readonly GuestFileSystem[],
): Promise<InspectedGuest | null> {
  const release = await findRelease(files);
  if (release === null) return null;
  const architecture = await findArchitecture(files);
  return { family: 'linux', ...release, architecture, firmware, nics, fileSystems };
}

/** Oracle Linux has Red Hat's file as well, and Ubuntu Debian's: the more special ones come first. */
const SOURCES: readonly ((files: GuestFiles) => Promise<Release | null>)[] = [
  fromOsRelease,
  fromRedHat,
  fromSuse,
  fromLsb,
  fromDebian,
];

async function findRelease(files: GuestFiles): Promise<Release | null> {
  for (const source of SOURCES) {
    const release = await source(files);
    if (release !== null) return release;
  }
  return null;
}

async function fromOsRelease(files: GuestFiles): Promise<Release | null> {
  const text = (await read(files, '/etc/os-release')) ?? (await read(files, '/usr/lib/os-release'));
  const settings = settingsOf(text ?? '');
  const id = settings.get('ID')?.toLowerCase();
  if (id === undefined || !/^[a-z0-9._-]+$/.test(id)) return null;
  const exact = await pointRelease(files, id);
  const version = exact ?? settings.get('VERSION_ID') ?? '';
  return { distribution: id, version, title: clean(settings.get('PRETTY_NAME') ?? `${id} ${version}`) };
}

/** os-release of Debian and CentOS tells the major version only. */
async function pointRelease(files: GuestFiles, id: string): Promise<string | null> {
  if (id === 'debian')
    return /^\d+(?:\.\d+)?/.exec((await read(files, '/etc/debian_version')) ?? '')?.[0] ?? null;
  if (id !== 'centos') return null;
  return /release (\d+(?:\.\d+)*)/.exec((await read(files, '/etc/redhat-release')) ?? '')?.[1] ?? null;
}

async function fromRedHat(files: GuestFiles): Promise<Release | null> {
  const oracle = (await read(files, '/etc/oracle-release')) ?? (await read(files, '/etc/enterprise-release'));
  const text = oracle ?? (await read(files, '/etc/redhat-release'));
  const version = /release (\d+(?:\.\d+)*)/.exec(text ?? '')?.[1];
  if (text === null || version === undefined) return null;
  const names: [RegExp, string][] = [
    [/^(?:Oracle|Enterprise) Linux/i, 'ol'],
    [/^CentOS/i, 'centos'],
    [/^Scientific/i, 'scientific'],
    [/^Fedora/i, 'fedora'],
  ];
  const distribution = names.find(([pattern]) => pattern.test(text))?.[1] ?? 'rhel';
  return { distribution, version, title: clean(text) };
}

async function fromSuse(files: GuestFiles): Promise<Release | null> {
  const text = await read(files, '/etc/SuSE-release');
  if (text === null) return null;
  const major = /^VERSION\s*=\s*(\S+)/m.exec(text)?.[1];
  if (major === undefined) return null;
  const patch = /^PATCHLEVEL\s*=\s*(\d+)/m.exec(text)?.[1];
  const distribution = /openSUSE/i.test(text) ? 'opensuse' : 'sles';
  const version = patch === undefined || patch === '0' ? major : `${major}.${patch}`;
  return { distribution, version, title: clean(text.split('\n')[0] ?? '') };
}

async function fromLsb(files: GuestFiles): Promise<Release | null> {
  const settings = settingsOf((await read(files, '/etc/lsb-release')) ?? '');
  const id = settings.get('DISTRIB_ID')?.toLowerCase();
  if (id === undefined || !/^[a-z0-9._-]+$/.test(id)) return null;
  const version = settings.get('DISTRIB_RELEASE') ?? '';
  return {
    distribution: id,
    version,
    title: clean(settings.get('DISTRIB_DESCRIPTION') ?? `${id} ${version}`),
  };
}

async function fromDebian(files: GuestFiles): Promise<Release | null> {
  const version = (await read(files, '/etc/debian_version'))?.trim();
  if (version === undefined || version === '') return null;
  return { distribution: 'debian', version: clean(version), title: clean(`Debian GNU/Linux ${version}`) };
}

const PROGRAMS: readonly string[] = ['/bin/sh', '/usr/bin/sh', '/bin/bash', '/usr/bin/bash', '/bin/busybox'];

/** By the ELF header of a program that every Linux has (ELF specification, e_machine). */
async function findArchitecture(files: GuestFiles): Promise<'x86_64' | 'i386' | null> {
  for (const path of PROGRAMS) {
    const program = await files.read(path, MAX_PROGRAM_BYTES);
    if (program === null || program.length < 20 || program.readUInt32BE(0) !== 0x7f454c46) continue;
    const machine = program.readUInt16LE(18);
    if (machine === 62) return 'x86_64';
    if (machine === 3) return 'i386';
    return null;
  }
  return null;
}

async function read(files: GuestFiles, path: string): Promise<string | null> {
  return (await files.read(path, MAX_RELEASE_BYTES))?.toString('utf8') ?? null;
}

/** `KEY=value` lines, quotes taken off (os-release(5)). */
function settingsOf(text: string): Map<string, string> {
  const settings = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^([A-Z_]+)=(?:"([^"]*)"|'([^']*)'|(.*))$/.exec(line.trim());
    if (match?.[1] !== undefined) settings.set(match[1], match[2] ?? match[3] ?? match[4] ?? '');
  }
  return settings;
}

function clean(text: string): string {
  return text
    .replace(/[^\x20-\x7e]/g, ' ')
    .trim()
    .slice(0, LONGEST_TITLE);
}
