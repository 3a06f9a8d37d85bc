import { XenferryError } from '../../model/errors.js';
import type { FileAttributes, GuestEntry, GuestFiles } from '../files/guest-files.js';
import {
  type Found,
  folderOf,
  joinPath,
  matchingName,
  type Resolved,
  resolvePath,
} from '../files/resolve-path.js';
import type { Volume } from './volume.js';

/** A volume where the guest has it. */
export interface VolumePlace {
  /** Absolute, without a final `/` but for the root's. */
  readonly mountPoint: string;
  readonly volume: Volume;
}

/** A guest's file tree over its volumes; links are resolved here, within the guest, never by the host. */
export class MountedFiles implements GuestFiles {
  /** Deepest first. */
  readonly #places: readonly VolumePlace[];

  /** One of the places must be the root. */
  constructor(places: readonly VolumePlace[]) {
    this.#places = [...places].sort((a, b) => b.mountPoint.length - a.mountPoint.length);
  }

  async entry(path: string): Promise<GuestEntry | null> {
    return (await this.#resolve(path, false)).entry;
  }

  async list(path: string): Promise<readonly string[]> {
    const { volume, inside } = this.#at((await this.#resolve(path, true)).path);
    return await volume.list(inside);
  }

  async read(path: string, maxBytes: number): Promise<Buffer | null> {
    const { volume, inside } = this.#at((await this.#resolve(path, true)).path);
    return await volume.read(inside, maxBytes);
  }

  async write(path: string, bytes: Buffer, attributes: FileAttributes = {}): Promise<void> {
    const file = await this.#resolve(path, true);
    refuseUnless(file, ['file']);
    await this.#makeFolders(folderOf(file.path));
    const { volume, inside } = this.#at(file.path);
    await volume.write(inside, bytes, attributes);
  }

  async append(path: string, bytes: Buffer): Promise<void> {
    const file = await this.#resolve(path, true);
    if (file.entry === null) throw unwritable(path, 'there is no file to add to');
    refuseUnless(file, ['file']);
    const { volume, inside } = this.#at(file.path);
    await volume.append(inside, bytes);
  }

  async link(path: string, target: string): Promise<void> {
    const link = await this.#resolve(path, false);
    refuseUnless(link, ['file', 'link']);
    await this.#makeFolders(folderOf(link.path));
    const { volume, inside } = this.#at(link.path);
    await volume.link(inside, target);
  }

  async remove(path: string): Promise<void> {
    const file = await this.#resolve(path, false);
    if (file.entry === null) return;
    refuseUnless(file, ['file', 'link']);
    const { volume, inside } = this.#at(file.path);
    await volume.remove(inside);
  }

  async #makeFolders(path: string): Promise<void> {
    const folder = await this.#resolve(path, false);
    if (folder.entry?.kind === 'folder') return;
    if (folder.entry !== null) throw unwritable(path, 'a folder is needed there, which it is not');
    await this.#makeFolders(folderOf(path));
    const { volume, inside } = this.#at(folder.path);
    await volume.makeFolder(inside);
  }

  async #resolve(path: string, followLast: boolean): Promise<Resolved> {
    return await resolvePath(path, (folder, name) => this.#lookup(folder, name), followLast);
  }

  async #lookup(folder: string, name: string): Promise<Found | null> {
    const exact = joinPath(folder, name);
    const { volume } = this.#at(folder);
    const place = this.#at(exact);
    // A mount point: what it hides does not count.
    if (place.inside === '/') return await found(place.volume, '/', name);
    if (!volume.foldsCase) return await found(volume, place.inside, name);
    const stored = matchingName(await volume.list(this.#at(folder).inside), name, true);
    return stored === null ? null : await found(volume, this.#at(joinPath(folder, stored)).inside, stored);
  }

  #at(path: string): { volume: Volume; inside: string } {
    for (const { mountPoint, volume } of this.#places) {
      if (mountPoint === '/') return { volume, inside: path };
      if (path === mountPoint) return { volume, inside: '/' };
      if (path.startsWith(`${mountPoint}/`)) return { volume, inside: path.slice(mountPoint.length) };
    }
    throw new XenferryError('GUEST_UNREADABLE', 'the guest has no root file system');
  }
}

async function found(volume: Volume, inside: string, name: string): Promise<Found | null> {
  const entry = await volume.entry(inside);
  return entry === null ? null : { name, entry };
}

function refuseUnless({ path, entry }: Resolved, kinds: ReadonlyArray<GuestEntry['kind']>): void {
  if (entry === null || kinds.includes(entry.kind)) return;
  throw unwritable(path, entry.kind === 'folder' ? 'it is a folder' : 'it is neither a file nor a link');
}

function unwritable(path: string, reason: string): XenferryError {
  return new XenferryError('GUEST_UNWRITABLE', `${JSON.stringify(path)} in the guest: ${reason}`);
}
