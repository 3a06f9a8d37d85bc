import { XenferryError } from '../../../../model/errors.js';
import type { GuestFiles } from '../../../files/guest-files.js';
import { type CpioEntry, FILE_TYPE, LINK, REGULAR, writeCpio } from './cpio.js';
import { type KernelModules, moduleName } from './kernel-modules.js';
import { moduleIndex } from './module-index.js';

const MAX_MODULE_BYTES = 64 * 1024 * 1024;

/** Where an initramfs keeps a kernel's modules, and which. */
interface ModulesInside {
  /** `usr/lib/modules/<version>` or `lib/modules/<version>`. */
  readonly folder: string;
  /** Paths in that folder, by name. */
  readonly paths: ReadonlyMap<string, string>;
}

export function modulesInside(members: ReadonlyMap<string, CpioEntry>, version: string): ModulesInside {
  const merged = ((members.get('lib')?.mode ?? 0) & FILE_TYPE) === LINK;
  let folder = `${merged ? 'usr/' : ''}lib/modules/${version}`;
  const paths = new Map<string, string>();
  for (const path of members.keys()) {
    const start = path.startsWith('usr/') ? 4 : 0;
    if (!path.startsWith(`lib/modules/${version}/`, start)) continue;
    const name = moduleName(path);
    if (name === null) continue;
    folder = path.slice(0, start + `lib/modules/${version}`.length);
    paths.set(name, path.slice(folder.length + 1));
  }
  return { folder, paths };
}

/** Paths of the wanted modules and of what they depend on that are not inside; dependencies first. */
export function missingModules(
  kernel: KernelModules,
  inside: ModulesInside,
  wanted: readonly string[],
): string[] {
  const missing = new Set<string>();
  for (const name of wanted) {
    const module = kernel.byName.get(name);
    if (module === undefined) continue;
    for (const path of [...module.dependencies].reverse().concat(module.path)) {
      const part = moduleName(path);
      if (part !== null && !inside.paths.has(part) && isInside(path)) missing.add(path);
    }
  }
  return [...missing];
}

/** modules.dep is the guest's: no path of it may leave the kernel's folder. */
function isInside(path: string): boolean {
  return !path.startsWith('/') && !path.split('/').includes('..');
}

/**
 * The archive to append: the modules, and the lists by which modprobe finds them beside those already inside.
 * Rejects with GUEST_REFUSED when a module that modules.dep names is not on the guest's disk.
 */
export async function modulesArchive(
  files: GuestFiles,
  kernel: KernelModules,
  inside: ModulesInside,
  missing: readonly string[],
  members: ReadonlyMap<string, CpioEntry>,
  wanted: readonly string[],
): Promise<Buffer> {
  const added: CpioEntry[] = [];
  const paths = new Map(inside.paths);
  for (const path of missing) {
    const bytes = await files.read(`${kernel.folder}/${path}`, MAX_MODULE_BYTES);
    const name = moduleName(path);
    if (bytes === null || name === null) {
      throw new XenferryError('GUEST_REFUSED', `the kernel module ${path} is not on the disk`, {
        file: `${kernel.folder}/modules.dep`,
        hint: 'Install the kernel package again in the guest, then export the machine again.',
      });
    }
    added.push(file(`${inside.folder}/${path}`, bytes));
    paths.set(name, path);
  }
  added.push(...lists(kernel, inside.folder, paths));
  const forced = forcedModules(members, wanted);
  if (forced !== null) added.push(forced);
  return writeCpio(added);
}

/** `modules.dep` and `modules.alias`, as text for busybox and as index for kmod. */
function lists(kernel: KernelModules, folder: string, paths: ReadonlyMap<string, string>): CpioEntry[] {
  const dependencies: { key: string; value: string }[] = [];
  for (const [name, path] of paths) {
    const needed = kernel.byName.get(name)?.dependencies ?? [];
    const present = needed.flatMap((other) => paths.get(moduleName(other) ?? '') ?? []);
    dependencies.push({ key: name, value: [`${path}:`, ...present].join(' ') });
  }
  const aliases = kernel.aliases.filter(({ name }) => paths.has(name));
  const depText = dependencies.map(({ value }) => `${value}\n`).join('');
  const aliasText = aliases.map(({ alias, name }) => `alias ${alias} ${name}\n`).join('');
  const aliasKeys = aliases.map(({ alias, name }) => ({ key: normalized(alias), value: name }));
  return [
    file(`${folder}/modules.dep`, Buffer.from(depText, 'latin1')),
    file(`${folder}/modules.dep.bin`, moduleIndex(dependencies)),
    file(`${folder}/modules.alias`, Buffer.from(aliasText, 'latin1')),
    file(`${folder}/modules.alias.bin`, moduleIndex(aliasKeys)),
  ];
}

/** As kmod looks aliases up: `-` is `_`, but not inside brackets. */
function normalized(alias: string): string {
  return alias.replace(/\[[^\]]*\]|-/g, (part) => (part === '-' ? '_' : part));
}

/** The list of modules an initramfs of initramfs-tools loads by name, with ours at its end; null for other kinds. */
function forcedModules(members: ReadonlyMap<string, CpioEntry>, wanted: readonly string[]): CpioEntry | null {
  const old = members.get('conf/modules');
  if (old === undefined) return null;
  const text = old.bytes.toString('latin1');
  const listed = new Set(text.split(/\s+/).map((name) => name.replaceAll('-', '_')));
  const more = wanted.filter((name) => !listed.has(name)).map((name) => `${name}\n`);
  const gap = text === '' || text.endsWith('\n') ? '' : '\n';
  return file('conf/modules', Buffer.from(text + gap + more.join(''), 'latin1'));
}

function file(path: string, bytes: Buffer): CpioEntry {
  return { path, mode: REGULAR | 0o644, bytes };
}
