import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { guestToolsFolder } from '../../coordinator/index.js';
import { readableImage } from '../../coordinator/input-image.js';
import {
  examineGuest,
  type GuestRecord,
  mendGuest,
  profileFor,
  readGuestRecord,
  undoGuest,
} from '../../guests/index.js';
import { loadProfiles, type Profile } from '../../guests/profiles/index.js';
import type { ImageSource } from '../../images/index.js';
import { systemErrorCode, XenferryError } from '../../model/errors.js';
import type { GuestMeans } from '../../model/plan.js';
import { type Firmware, type Nic, UNTOLD_NIC } from '../../model/virtual-machine.js';
import type { Command } from '../command.js';
import { interruptible } from '../interrupt.js';
import { bold, type CommonOptions, printJson, printLine, yellow } from '../output.js';

const ACTIONS = ['inspect', 'fix', 'undo'] as const;

interface Options extends CommonOptions {
  readonly action: (typeof ACTIONS)[number];
  readonly path: string[];
  readonly into: string | undefined;
  readonly firmware: Firmware;
  readonly nic: string[];
  readonly profile: string | undefined;
  readonly 'guest-tools': string | undefined;
  readonly 'luks-key-file': string[];
  readonly isolate: boolean;
}

export const guestCommand: Command<Options> = {
  builder: (args) =>
    args
      .positional('action', {
        choices: ACTIONS,
        demandOption: true,
        describe: 'Look at a guest; change it on layers over its disks; take that back in the layers',
      })
      .positional('path', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: "The guest's disks, boot disk first; for undo the folder of the layers",
      })
      .option('into', {
        type: 'string',
        requiresArg: true,
        describe: 'fix: folder for the layers and their record; replaced when it is one already',
      })
      .option('firmware', {
        choices: ['bios', 'efi'] as const,
        default: 'bios' as const,
        requiresArg: true,
        describe: 'As the machine has it',
      })
      .option('nic', {
        type: 'string',
        array: true,
        default: [],
        requiresArg: true,
        describe: "MAC addresses of its network cards, in the machine's order",
      })
      .option('profile', {
        type: 'string',
        requiresArg: true,
        describe: 'Whose fixups are made; by what is on the disks without',
      })
      .option('guest-tools', {
        type: 'string',
        requiresArg: true,
        describe: 'Folder with guest tools (.deb, .rpm, .msi)',
      })
      .option('luks-key-file', {
        type: 'string',
        array: true,
        default: [],
        requiresArg: true,
        describe: 'Files with a passphrase each, tried on every LUKS volume; needs libguestfs',
      })
      .option('isolate', {
        type: 'boolean',
        default: false,
        describe: 'Opened by libguestfs alone, in a machine of its own: for disks that nobody vouches for',
      })
      .example('$0 guest inspect web01.vmdk', 'Which system is on it, and whether it can be changed')
      .example('$0 guest fix web01.vmdk --into web01.fixed --nic 00:50:56:01:02:03', 'Changes on a layer')
      .example('$0 convert web01.vmdk web01.vhd --overlay web01.fixed/disk0.qcow2', 'With the changes')
      .example('$0 guest undo web01.fixed', 'Every file of the guest as it was'),
  handler: async (options) => {
    const profiles = await loadProfiles();
    switch (options.action) {
      case 'inspect':
        return await inspect(options, profiles);
      case 'fix':
        return await fix(options, profiles);
      case 'undo':
        return await undo(options);
    }
  },
};

async function inspect(options: Options, profiles: readonly Profile[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'xenferry-guest-'));
  const found = await interruptible(async (signal) => {
    const disks = await sourcesOf(options.path, signal);
    return await examineGuest({
      ...machineOf(options),
      disks,
      means: await meansOf(options),
      folder,
      signal,
    });
  });
  const profile = profileFor(found.guest, null, profiles);
  if (options.json) {
    printJson({ ...found, profile: { id: profile.id, fixups: profile.fixups } });
    return;
  }
  const { title, architecture, fileSystems } = found.guest;
  printLine(bold(`${title}${architecture === null ? '' : `, ${architecture}`}`));
  for (const { device, type, label, mountPoint } of fileSystems) {
    const backend = found.backends[device];
    const where = [mountPoint, label, backend === undefined ? null : `by ${backend}`].filter(Boolean);
    printLine(`  ${device}: ${[type, ...where].join(', ')}`);
  }
  for (const problem of found.problems) printLine(yellow(`  ${problem}`));
  printLine(`Profile ${profile.id}: ${profile.fixups.join(', ') || 'no fixups'}`);
}

async function fix(options: Options, profiles: readonly Profile[]): Promise<void> {
  if (options.into === undefined) throw new XenferryError('USAGE', 'fix needs --into FOLDER for the layers');
  const folder = resolve(options.into);
  await refuseForeignFolder(folder);
  const record = await interruptible(async (signal) =>
    mendGuest({
      ...machineOf(options),
      disks: await sourcesOf(options.path, signal),
      profile: chosen(options.profile, profiles),
      profiles,
      means: await meansOf(options),
      folder,
      signal,
    }),
  );
  if (options.json) printJson(record);
  else printRecord(record);
}

async function undo(options: Options): Promise<void> {
  const [folder = ''] = options.path;
  const means = await meansOf(options);
  const record = await interruptible((signal) => undoGuest(resolve(folder), means, signal));
  if (options.json) printJson(record);
  else printLine(`${record.edits.length} files are again as they were`);
}

/** The folder is emptied first: it must be one that a guest was mended in. */
async function refuseForeignFolder(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw new XenferryError('TARGET_UNWRITABLE', 'not a folder that can be used', {
      file: folder,
      cause: error,
    });
  });
  if (names.length === 0 || (await readGuestRecord(folder)) !== null) return;
  throw new XenferryError('TARGET_EXISTS', 'the folder has files that no fixups made', {
    file: folder,
    hint: 'Name a folder that is empty or not there.',
  });
}

function printRecord({ system, profile, fixups, edits, problems }: GuestRecord): void {
  printLine(bold(`${system.title}, profile ${profile}`));
  for (const { title, done, atFirstBoot, warnings } of fixups) {
    if (done.length + atFirstBoot.length + warnings.length === 0) continue;
    printLine(title);
    for (const line of done) printLine(`  ${line}`);
    for (const line of atFirstBoot) printLine(`  at the first start: ${line}`);
    for (const line of warnings) printLine(yellow(`  ${line}`));
  }
  for (const problem of problems) printLine(yellow(problem));
  printLine(`\n${edits.length} files of the guest are changed:`);
  for (const { kind, path } of edits) printLine(`  ${kind} ${path}`);
  const registry = fixups.flatMap((fixup) => fixup.registry);
  if (registry.length > 0) printLine(`\n${registry.length} changes of its registry:`);
  for (const { key, value, before, after } of registry) {
    const name = value === null ? key : `${key}\\${value || '(default)'}`;
    printLine(`  ${name}: ${before ?? 'nothing'} → ${after ?? 'removed'}`);
  }
}

function chosen(id: string | undefined, profiles: readonly Profile[]): Profile | null {
  if (id === undefined) return null;
  const profile = profiles.find((known) => known.id === id);
  if (profile !== undefined) return profile;
  throw new XenferryError('USAGE', `there is no profile ${id}`, { hint: 'xenferry profiles lists them.' });
}

async function meansOf({ isolate, ...options }: Options): Promise<GuestMeans> {
  const tools = options['guest-tools'];
  return {
    tools: await guestToolsFolder(tools === undefined ? null : resolve(tools)),
    luksKeys: options['luks-key-file'].map((file) => ({ file: resolve(file) })),
    isolate,
  };
}

function machineOf({ firmware, nic }: Options): { firmware: Firmware; nics: Nic[] } {
  for (const mac of nic) {
    if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac)) {
      throw new XenferryError('USAGE', `${mac} is no MAC address`, {
        hint: 'Write it as 00:50:56:01:02:03.',
      });
    }
  }
  return {
    firmware,
    nics: nic.map((mac) => ({ ...UNTOLD_NIC, network: '', adapter: '', mac: mac.toLowerCase() })),
  };
}

async function sourcesOf(paths: readonly string[], signal: AbortSignal): Promise<ImageSource[]> {
  const sources: ImageSource[] = [];
  for (const path of paths) {
    const input = resolve(path);
    const spec = { input, inputFormat: null, overlay: undefined, tlsFingerprint: undefined };
    sources.push(await readableImage(spec, signal));
  }
  return sources;
}
