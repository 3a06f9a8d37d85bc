import { type Dirent, promises as fs } from 'node:fs';
import { extname, join } from 'node:path';
import { type ErrorCode, systemErrorCode, toXenferryError, XenferryError } from '../../model/errors.js';
import type { Problem } from '../../model/inventory.js';
import { diskParts } from '../../model/virtual-machine.js';
import { readInventory } from '../../sources/index.js';

/** What stands for a machine, by itself or with files beside it. */
const DESCRIPTORS: ReadonlySet<string> = new Set(['.ovf', '.ova', '.vmx']);
/** Findings that go away while an export is still being written. */
const UNFINISHED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'OVF_FILE_MISSING',
  'OVF_FILE_SIZE',
  'OVF_MALFORMED',
  'OVA_MALFORMED',
  'VMDK_EXTENT_MISSING',
  'VMDK_TRUNCATED',
  'PLAN_NO_MACHINES',
]);
const BEING_WRITTEN = 'it is still being written';
const MAX_FILES = 100_000;
const MAX_DEPTH = 8;

/** Something in the folder that may be moved. */
export interface Arrival {
  /** Absolute. */
  readonly path: string;
  /** Changes when any of its files is written again. */
  readonly version: string;
}

export interface Arrivals {
  readonly complete: readonly Arrival[];
  /** Names of those that are not complete yet, each with the reason. */
  readonly unfinished: readonly string[];
  /** Paths of all that is there, known or not. */
  readonly present: ReadonlySet<string>;
}

/**
 * Looks into a folder: each descriptor and each folder in it is something of its own, but for those of `known` (versions by
 * path). Complete is what nothing has changed of for `quietSeconds` and what lacks no file. `now`: milliseconds since
 * 1970. Rejects with SOURCE_NOT_FOUND.
 */
export async function lookInto(
  folder: string,
  known: ReadonlyMap<string, string>,
  quietSeconds: number,
  now: number,
): Promise<Arrivals> {
  const complete: Arrival[] = [];
  const unfinished: string[] = [];
  const present = new Set<string>();
  for (const entry of await entriesOf(folder)) {
    const path = join(folder, entry.name);
    const state = await stateOf(path, entry);
    if (state === null) continue;
    present.add(path);
    if (known.get(path) === state.version) continue;
    const quietSince = now - quietSeconds * 1000;
    const reason = state.changedAt > quietSince ? BEING_WRITTEN : await lackOf(path, quietSince);
    if (reason === null) complete.push({ path, version: state.version });
    else unfinished.push(`${entry.name}: ${reason}`);
  }
  return { complete, unfinished, present };
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    const entries = await fs.readdir(folder, { withFileTypes: true });
    return entries.sort((one, other) => (one.name < other.name ? -1 : 1));
  } catch (cause) {
    const reason = systemErrorCode(cause) ?? String(cause);
    throw new XenferryError('SOURCE_NOT_FOUND', `the watched folder cannot be read (${reason})`, {
      file: folder,
      cause,
    });
  }
}

interface State {
  readonly version: string;
  /** Milliseconds since 1970: the last change of any of its files, of their names included. */
  readonly changedAt: number;
}

/** Null for what is neither a descriptor nor a folder with one. */
async function stateOf(path: string, entry: Dirent): Promise<State | null> {
  if (entry.name.startsWith('.')) return null;
  if (entry.isDirectory()) {
    const files = await filesBelow(path);
    return files.some((file) => isDescriptor(file)) ? await stateOfFiles(files) : null;
  }
  if (!entry.isFile() || !isDescriptor(entry.name)) return null;
  return await stateOfFiles([path]);
}

function isDescriptor(name: string): boolean {
  return DESCRIPTORS.has(extname(name).toLowerCase());
}

/** Links are not followed. */
async function filesBelow(folder: string): Promise<string[]> {
  const files: string[] = [];
  const folders: { path: string; depth: number }[] = [{ path: folder, depth: 1 }];
  for (const { path, depth } of folders) {
    const entries = await fs.readdir(path, { withFileTypes: true }).catch((): Dirent[] => []);
    for (const entry of entries) {
      if (files.length >= MAX_FILES) return files;
      if (entry.isFile()) files.push(join(path, entry.name));
      else if (entry.isDirectory() && depth < MAX_DEPTH) {
        folders.push({ path: join(path, entry.name), depth: depth + 1 });
      }
    }
  }
  return files;
}

async function stateOfFiles(files: readonly string[]): Promise<State> {
  let changedAt = 0;
  let writtenAt = 0;
  let bytes = 0;
  let count = 0;
  for (const file of files) {
    const found = await fs.stat(file).catch(() => null);
    if (found === null) continue;
    // A copy may be given the time of what it is a copy of when it is done: the time of that tells.
    changedAt = Math.max(changedAt, found.mtimeMs, found.ctimeMs);
    writtenAt = Math.max(writtenAt, found.mtimeMs);
    bytes += found.size;
    count += 1;
  }
  return { version: `${count} ${bytes} ${writtenAt}`, changedAt };
}

/** What it lacks, in words; null when it lacks nothing. Disks count that lie beside a descriptor. */
async function lackOf(path: string, quietSince: number): Promise<string | null> {
  try {
    const { machines, problems } = await readInventory(path);
    const lack = problems.find(isLack);
    if (lack !== undefined) return lack.message;
    const parts = machines.flatMap(({ disks }) => disks.flatMap(diskParts));
    const { changedAt } = await stateOfFiles([...new Set(parts.map(({ range }) => range.path))]);
    return changedAt > quietSince ? BEING_WRITTEN : null;
  } catch (error) {
    const { code, message } = toXenferryError(error);
    return UNFINISHED.has(code) ? message : null;
  }
}

/** What a machine can be moved with will not go away by waiting, but for a file that is listed and may still come. */
function isLack({ severity, code }: Problem): boolean {
  return severity === 'critical'
    ? UNFINISHED.has(code)
    : severity === 'warning' && code === 'OVF_FILE_MISSING';
}
