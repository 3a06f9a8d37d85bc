import { XenferryError } from '../../model/errors.js';
import { MIB } from '../../model/units.js';
import { attributesOf, digestOf, type EditedBefore, type GuestEdit, newAttributes } from './guest-edit.js';
import type { FileAttributes, GuestEntry, GuestFiles } from './guest-files.js';
import {
  type Found,
  folderOf,
  joinPath,
  matchingName,
  nameOf,
  type Resolved,
  resolvePath,
} from './resolve-path.js';

/** What is staged at a path. */
type Staged =
  | {
      readonly kind: 'file';
      readonly bytes: Buffer;
      readonly entry: GuestEntry;
      readonly given: FileAttributes;
    }
  /** The file below with a tail; the parts are joined only when somebody reads it. */
  | { readonly kind: 'tail'; readonly tail: Buffer; readonly entry: GuestEntry }
  | { readonly kind: 'link'; readonly entry: GuestEntry }
  | { readonly kind: 'folder'; readonly entry: GuestEntry }
  | { readonly kind: 'gone' };

/** The largest file that is read to be replaced, removed or added to: no initramfs or registry hive comes near. */
const MAX_EDITED_BYTES = 1024 * MIB;
/** Far above what all fixups of a guest write together. */
const MAX_STAGED_BYTES = 1024 * MIB;

/**
 * A view of a guest whose writes stay in memory. Reads see them; `edits` tells what differs from the guest, so writing
 * what is there already is no edit. Rejects with GUEST_UNREADABLE and GUEST_UNWRITABLE.
 */
export class StagedFiles implements GuestFiles {
  readonly #base: GuestFiles;
  /** By resolved path, in the order of first touch. */
  readonly #staged = new Map<string, Staged>();
  /** Names of the base's folders, which do not change meanwhile. */
  readonly #lists = new Map<string, readonly string[]>();
  /** Names staged in a folder, by folder. */
  readonly #added = new Map<string, Set<string>>();
  #bytes = 0;

  constructor(base: GuestFiles) {
    this.#base = base;
  }

  async entry(path: string): Promise<GuestEntry | null> {
    return (await this.#resolve(path, false)).entry;
  }

  async list(path: string): Promise<readonly string[]> {
    const folder = await this.#resolve(path, true);
    const names = new Set(await this.#listBase(folder.path));
    for (const name of this.#added.get(folder.path) ?? []) {
      if (this.#staged.get(joinPath(folder.path, name))?.kind === 'gone') names.delete(name);
      else names.add(name);
    }
    return [...names].sort();
  }

  async read(path: string, maxBytes: number): Promise<Buffer | null> {
    const file = await this.#resolve(path, true);
    const staged = this.#staged.get(file.path);
    if (staged === undefined) return await this.#base.read(file.path, maxBytes);
    if (file.entry?.kind !== 'file') return null;
    if (file.entry.size > maxBytes) {
      throw unreadable(path, `it has ${file.entry.size} bytes, more than ${maxBytes}`);
    }
    switch (staged.kind) {
      case 'file':
        return Buffer.from(staged.bytes);
      case 'tail':
        return Buffer.concat([await this.#readBase(file.path), staged.tail]);
      default:
        return null;
    }
  }

  async write(path: string, bytes: Buffer, attributes: FileAttributes = {}): Promise<void> {
    const file = await this.#resolve(path, true);
    refuseFolder(file);
    await this.#makeFolders(folderOf(file.path));
    const folder = (await this.#resolve(folderOf(file.path), true)).entry;
    const staged = this.#staged.get(file.path);
    const given = { ...(staged?.kind === 'file' ? staged.given : {}), ...attributes };
    const entry = fileEntry(bytes.length, newAttributes(given, file.entry, folder));
    this.#stage(file.path, { kind: 'file', bytes: Buffer.from(bytes), entry, given });
  }

  async append(path: string, bytes: Buffer): Promise<void> {
    const { path: resolved, entry } = await this.#resolve(path, true);
    if (entry?.kind !== 'file') throw unwritable(path, 'there is no file to add to');
    const staged = this.#staged.get(resolved);
    const grown = { ...entry, size: entry.size + bytes.length };
    if (staged?.kind === 'file') {
      const whole = Buffer.concat([staged.bytes, bytes]);
      this.#stage(resolved, { ...staged, bytes: whole, entry: grown });
      return;
    }
    const tail = Buffer.concat([staged?.kind === 'tail' ? staged.tail : Buffer.alloc(0), bytes]);
    this.#stage(resolved, { kind: 'tail', tail, entry: grown });
  }

  async link(path: string, target: string): Promise<void> {
    const link = await this.#resolve(path, false);
    refuseFolder(link);
    await this.#makeFolders(folderOf(link.path));
    const size = Buffer.byteLength(target);
    const entry: GuestEntry = { kind: 'link', size, mode: 0o777, uid: 0, gid: 0, target };
    this.#stage(link.path, { kind: 'link', entry });
  }

  async remove(path: string): Promise<void> {
    const file = await this.#resolve(path, false);
    if (file.entry === null) return;
    refuseFolder(file);
    this.#stage(file.path, { kind: 'gone' });
  }

  /** What has to be done to the guest, in the order in which the paths were first touched. */
  async edits(): Promise<GuestEdit[]> {
    const edits: GuestEdit[] = [];
    for (const [path, staged] of this.#staged) {
      const edit = await this.#editOf(path, staged);
      if (edit !== null) edits.push(edit);
    }
    return edits;
  }

  async #editOf(path: string, staged: Staged): Promise<GuestEdit | null> {
    if (staged.kind === 'folder') return null;
    const entry = await this.#base.entry(path);
    const old = entry?.kind === 'file' ? await this.#readBase(path) : null;
    const before = await beforeOf(path, entry, old);
    switch (staged.kind) {
      case 'gone':
        return before === null ? null : { kind: 'remove', path, before };
      case 'link': {
        const target = staged.entry.target ?? '';
        return entry?.kind === 'link' && entry.target === target
          ? null
          : { kind: 'link', path, before, target };
      }
      case 'tail':
        if (staged.tail.length === 0 || old === null) return null;
        return { kind: 'append', path, before, bytes: staged.tail, digest: digestOf(old, staged.tail) };
      case 'file': {
        const { bytes, given } = staged;
        const same = old?.equals(bytes) && entry !== null && keepsAttributes(entry, given);
        return same
          ? null
          : { kind: 'write', path, before, bytes, digest: digestOf(bytes), attributes: given };
      }
    }
  }

  async #resolve(path: string, followLast: boolean): Promise<Resolved> {
    return await resolvePath(path, (folder, name) => this.#lookup(folder, name), followLast);
  }

  async #lookup(folder: string, name: string): Promise<Found | null> {
    const staged = this.#staged.get(joinPath(folder, name));
    if (staged !== undefined) return staged.kind === 'gone' ? null : { name, entry: staged.entry };
    const entry = await this.#base.entry(joinPath(folder, name));
    if (entry === null) return null;
    // The base found it in whatever letter case it is stored; one file must not be staged under two names.
    const stored = matchingName(await this.#listBase(folder), name, true) ?? name;
    if (stored === name) return { name, entry };
    const other = this.#staged.get(joinPath(folder, stored));
    if (other === undefined) return { name: stored, entry };
    return other.kind === 'gone' ? null : { name: stored, entry: other.entry };
  }

  async #listBase(folder: string): Promise<readonly string[]> {
    const known = this.#lists.get(folder);
    if (known !== undefined) return known;
    const names = await this.#base.list(folder);
    this.#lists.set(folder, names);
    return names;
  }

  async #readBase(path: string): Promise<Buffer> {
    const bytes = await this.#base.read(path, MAX_EDITED_BYTES);
    if (bytes === null) throw unreadable(path, 'it went away');
    return bytes;
  }

  /** New folders show up in reads; the guest gets them together with the files in them. */
  async #makeFolders(path: string): Promise<void> {
    if (path === '/') return;
    const { entry } = await this.#resolve(path, false);
    if (entry?.kind === 'folder') return;
    if (entry !== null) throw unwritable(path, 'a folder is needed there, which it is not');
    await this.#makeFolders(folderOf(path));
    const above = (await this.#resolve(folderOf(path), true)).entry;
    const { mode, uid, gid } = above ?? { mode: 0o755, uid: 0, gid: 0 };
    this.#stage(path, { kind: 'folder', entry: { kind: 'folder', size: 0, mode, uid, gid, target: null } });
  }

  #stage(path: string, staged: Staged): void {
    this.#bytes += bytesOf(staged) - bytesOf(this.#staged.get(path));
    if (this.#bytes > MAX_STAGED_BYTES) throw unwritable(path, 'too much would be written to this guest');
    this.#staged.set(path, staged);
    const folder = folderOf(path);
    const names = this.#added.get(folder) ?? new Set();
    this.#added.set(folder, names.add(nameOf(path)));
  }
}

function bytesOf(staged: Staged | undefined): number {
  if (staged?.kind === 'file') return staged.bytes.length;
  return staged?.kind === 'tail' ? staged.tail.length : 0;
}

function fileEntry(size: number, attributes: { mode: number; uid: number; gid: number }): GuestEntry {
  return { kind: 'file', size, ...attributes, target: null };
}

async function beforeOf(
  path: string,
  entry: GuestEntry | null,
  bytes: Buffer | null,
): Promise<EditedBefore | null> {
  if (entry === null) return null;
  if (entry.kind === 'link') return { kind: 'link', target: entry.target ?? '' };
  if (bytes === null) throw unwritable(path, 'it is neither a file nor a link');
  return { kind: 'file', digest: digestOf(bytes), size: bytes.length, attributes: attributesOf(entry) };
}

function keepsAttributes(entry: GuestEntry, { mode, uid, gid }: FileAttributes): boolean {
  return (
    (mode ?? entry.mode) === entry.mode &&
    (uid ?? entry.uid) === entry.uid &&
    (gid ?? entry.gid) === entry.gid
  );
}

function refuseFolder({ path, entry }: Resolved): void {
  if (entry === null || entry.kind === 'file' || entry.kind === 'link') return;
  throw unwritable(path, entry.kind === 'folder' ? 'it is a folder' : 'it is neither a file nor a link');
}

function unreadable(path: string, reason: string): XenferryError {
  return new XenferryError('GUEST_UNREADABLE', `${JSON.stringify(path)} in the guest: ${reason}`);
}

function unwritable(path: string, reason: string): XenferryError {
  return new XenferryError('GUEST_UNWRITABLE', `${JSON.stringify(path)} in the guest: ${reason}`);
}
