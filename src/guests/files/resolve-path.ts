import { XenferryError } from '../../model/errors.js';
import type { GuestEntry } from './guest-files.js';

/** What a folder holds under a name. */
export interface Found {
  /** As stored, which on volumes that fold letter case may differ from what was asked for. */
  readonly name: string;
  readonly entry: GuestEntry;
}

/** Looks a name up in a folder whose path holds no links; `/` for the root. */
export type Lookup = (folder: string, name: string) => Promise<Found | null>;

export interface Resolved {
  /** Absolute, without links above the last name. */
  readonly path: string;
  /** Null where there is nothing yet. */
  readonly entry: GuestEntry | null;
}

/** Linux gives up after 40 links on one way (path_resolution(7)). */
const MAX_LINKS = 40;
/** PATH_MAX of Linux, in bytes with its final zero. */
const MAX_PATH = 4096;
const MAX_NAMES = 256;
const ROOT: GuestEntry = { kind: 'folder', size: 0, mode: 0o755, uid: 0, gid: 0, target: null };

/**
 * Walks a guest's path name by name. A link's absolute target begins at the guest's own root and `..` ends there, so
 * no link leads out of the guest. Names that do not exist are kept, for files still to be made. Rejects with
 * GUEST_UNREADABLE for loops, paths that are too long, and names that no file can have.
 */
export async function resolvePath(path: string, lookup: Lookup, followLast: boolean): Promise<Resolved> {
  const names = namesOf(path, path).reverse();
  const walked: string[] = [];
  let entry: GuestEntry | null = null;
  let links = 0;
  for (let name = names.pop(); name !== undefined; name = names.pop()) {
    if (name === '..') {
      walked.pop();
      entry = null;
      continue;
    }
    const found = await lookup(`/${walked.join('/')}`, name);
    entry = found?.entry ?? null;
    if (entry?.kind === 'link' && (names.length > 0 || followLast)) {
      links += 1;
      const target = entry.target ?? '';
      if (links > MAX_LINKS) throw unreadable(path, 'too many links on the way');
      if (target.startsWith('/')) walked.length = 0;
      names.push(...namesOf(target, path).reverse());
      if (names.length > MAX_NAMES) throw unreadable(path, 'the path is too long');
      entry = null;
      continue;
    }
    walked.push(found?.name ?? name);
  }
  const resolved = `/${walked.join('/')}`;
  if (walked.length === 0) return { path: resolved, entry: ROOT };
  // After `..` or a link in the end nobody has looked yet.
  entry ??= (await lookup(folderOf(resolved), nameOf(resolved)))?.entry ?? null;
  return { path: resolved, entry };
}

/** The folder of a resolved path; the root's is itself. */
export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function joinPath(folder: string, name: string): string {
  return folder === '/' ? `/${name}` : `${folder}/${name}`;
}

/**
 * The name among those of a folder that stands for the one asked for: itself, else the only one that differs in letter
 * case alone where `foldsCase`.
 */
export function matchingName(names: readonly string[], name: string, foldsCase: boolean): string | null {
  if (names.includes(name)) return name;
  if (!foldsCase) return null;
  const folded = name.toUpperCase();
  return names.find((other) => other.toUpperCase() === folded) ?? null;
}

function namesOf(path: string, asked: string): string[] {
  if (Buffer.byteLength(path) >= MAX_PATH) throw unreadable(asked.slice(0, 80), 'the path is too long');
  if (path.includes('\0')) throw unreadable(asked.replaceAll('\0', '?'), 'the path holds a zero byte');
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

function unreadable(path: string, reason: string): XenferryError {
  return new XenferryError('GUEST_UNREADABLE', `${JSON.stringify(path)} in the guest: ${reason}`);
}
