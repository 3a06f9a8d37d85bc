import type { Dirent } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { systemErrorCode, XenferryError } from '../model/errors.js';
import type { Problem } from '../model/inventory.js';
import { type DescriptorFile, descriptorKind } from './descriptor-file.js';
import { problemOf, problemOfError } from './problems.js';

export interface FoundDescriptors {
  /** Sorted by relative path. */
  readonly descriptors: readonly DescriptorFile[];
  readonly problems: readonly Problem[];
}

interface Entry {
  readonly path: string;
  readonly relative: string;
  /** Path without symbolic links: what keeps a file or folder from being read twice. */
  readonly real: string;
  readonly depth: number;
}

const MAX_DEPTH = 16;

/** Folders that storage systems and tools keep beside the exports; hidden ones are skipped anyway. */
const NOISE = new Set([
  '$recycle.bin',
  '#recycle',
  '#snapshot',
  '@eadir',
  '__macosx',
  'lost+found',
  'node_modules',
  'system volume information',
]);

/**
 * The descriptors at `source`: the file itself, or those in a folder and the folders in it, 16 deep. Links are
 * followed last and only to what was not seen yet, so a circle ends and nothing is found twice.
 * Throws SOURCE_NOT_FOUND when there is no such path or the file is no descriptor, SOURCE_UNREADABLE when the system
 * refuses. An unreadable folder inside is a problem, not an error.
 */
export async function findDescriptors(source: string): Promise<FoundDescriptors> {
  const root = path.resolve(source);
  const real = await existing(root);
  if ((await stat(real)).isDirectory()) {
    return new FolderSearch().run({ path: root, relative: '', real, depth: 0 });
  }
  const kind = descriptorKind(root);
  if (kind === null) {
    throw new XenferryError(
      'SOURCE_NOT_FOUND',
      'it is no .ovf, .ova, .vmx, .vmtx or .xlsx file and no folder',
      {
        file: root,
      },
    );
  }
  const linked = (await lstat(root)).isSymbolicLink();
  const descriptor = { path: linked ? real : root, relative: path.basename(root), kind, linked };
  return { descriptors: [descriptor], problems: [] };
}

async function existing(root: string): Promise<string> {
  try {
    return await realpath(root);
  } catch (cause) {
    const reason = systemErrorCode(cause);
    const missing = reason === 'ENOENT' || reason === 'ENOTDIR';
    const message = missing
      ? 'there is no such file or folder'
      : `it cannot be read (${reason ?? 'unknown'})`;
    throw new XenferryError(missing ? 'SOURCE_NOT_FOUND' : 'SOURCE_UNREADABLE', message, {
      file: root,
      cause,
    });
  }
}

/** One search; links wait until everything that is no link was seen. */
class FolderSearch {
  readonly #descriptors: DescriptorFile[] = [];
  readonly #problems: Problem[] = [];
  readonly #seen = new Set<string>();

  async run(root: Entry): Promise<FoundDescriptors> {
    this.#seen.add(root.real);
    for (let folders = [root]; folders.length > 0; ) folders = await this.#searchAll(folders);
    this.#descriptors.sort((a, b) => compareText(a.relative, b.relative));
    return { descriptors: this.#descriptors, problems: this.#problems };
  }

  /** Searches folders and what is in them; gives the folders that links lead to. */
  async #searchAll(folders: readonly Entry[]): Promise<Entry[]> {
    const links: Entry[] = [];
    const pending = [...folders];
    for (let folder = pending.shift(); folder !== undefined; folder = pending.shift()) {
      for (const { child, entry } of await listFolder(folder, this.#problems)) {
        if (child.isSymbolicLink()) links.push(entry);
        else if (child.isDirectory()) pending.push(...this.#takeFolder(entry));
        else if (child.isFile()) this.#takeFile(entry, entry.path, false);
      }
    }
    links.sort((a, b) => compareText(a.relative, b.relative));
    const behind: Entry[] = [];
    for (const link of links) behind.push(...(await this.#follow(link)));
    return behind;
  }

  async #follow(link: Entry): Promise<readonly Entry[]> {
    try {
      const target = { ...link, real: await realpath(link.path) };
      const stats = await stat(target.real);
      if (stats.isDirectory()) return this.#takeFolder(target);
      if (stats.isFile()) this.#takeFile(target, target.real, true);
    } catch (error) {
      if (descriptorKind(link.relative) !== null) this.#problems.push(unreadable(error, link));
    }
    return [];
  }

  #takeFolder(entry: Entry): readonly Entry[] {
    if (this.#seen.has(entry.real)) return [];
    this.#seen.add(entry.real);
    if (entry.depth <= MAX_DEPTH) return [entry];
    this.#problems.push(tooDeep(entry));
    return [];
  }

  #takeFile({ relative, real }: Entry, absolute: string, linked: boolean): void {
    const kind = descriptorKind(relative);
    if (kind === null || this.#seen.has(real)) return;
    this.#seen.add(real);
    this.#descriptors.push({ path: absolute, relative, kind, linked });
  }
}

async function listFolder(
  folder: Entry,
  problems: Problem[],
): Promise<readonly { readonly child: Dirent; readonly entry: Entry }[]> {
  try {
    const children = await readdir(folder.path, { withFileTypes: true });
    return children
      .sort((a, b) => compareText(a.name, b.name))
      .filter(({ name }) => !name.startsWith('.') && !NOISE.has(name.toLowerCase()))
      .map((child) => ({
        child,
        entry: {
          path: path.join(folder.path, child.name),
          relative: path.posix.join(folder.relative, child.name),
          real: path.join(folder.real, child.name),
          depth: folder.depth + 1,
        },
      }));
  } catch (error) {
    problems.push(unreadable(error, folder));
    return [];
  }
}

function unreadable(error: unknown, { relative }: Entry): Problem {
  return problemOfError(error, { file: relative === '' ? '.' : relative, machineId: null });
}

function tooDeep({ relative }: Entry): Problem {
  const message = `folders more than ${MAX_DEPTH} deep are not searched`;
  const hint = 'Name this folder as a source of its own.';
  return problemOf('warning', 'SOURCE_UNREADABLE', message, { file: relative, machineId: null }, hint);
}

/** Order by code units: the same on every machine, whatever its locale. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
