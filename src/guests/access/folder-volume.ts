import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import {
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
} from 'node:fs/promises';
import { systemErrorCode, XenferryError } from '../../model/errors.js';
import { newAttributes } from '../files/guest-edit.js';
import type { FileAttributes, GuestEntry } from '../files/guest-files.js';
import { folderOf, joinPath } from '../files/resolve-path.js';
import { runTool } from '../tools/run-tool.js';
import type { Volume } from './volume.js';

export interface FolderVolumeOptions {
  readonly foldsCase: boolean;
  /** Whether owners, permission bits and extended attributes are the guest's: not so on NTFS. */
  readonly keepsAttributes: boolean;
  /** Extended attribute with all of a file's rights, for file systems that have no owners and permission bits. */
  readonly rightsAttribute?: string;
}

/** Folders of a guest's system have thousands of names; this bounds memory, not use. */
const MAX_NAMES = 200_000;
const SELINUX_LABEL = 'security.selinux';

/**
 * A file system mounted on a folder of this machine. Every path is checked name by name by `MountedFiles` before it
 * comes here, and nobody else writes to the mount, so no link is ever followed by the host.
 */
export class FolderVolume implements Volume {
  readonly foldsCase: boolean;
  readonly #root: string;
  readonly #keepsAttributes: boolean;
  readonly #rightsAttribute: string | null;

  /** `root`: absolute path of the mount. */
  constructor(root: string, { foldsCase, keepsAttributes, rightsAttribute }: FolderVolumeOptions) {
    this.foldsCase = foldsCase;
    this.#root = root;
    this.#keepsAttributes = keepsAttributes;
    this.#rightsAttribute = rightsAttribute ?? null;
  }

  async entry(path: string): Promise<GuestEntry | null> {
    return await this.#reading(path, async () => {
      const stats = await lstat(this.#host(path));
      const { mode, uid, gid, size } = stats;
      const target = stats.isSymbolicLink() ? this.#guestTarget(await readlink(this.#host(path))) : null;
      return { kind: kindOf(stats), size, mode: mode & 0o7777, uid, gid, target };
    });
  }

  async list(path: string): Promise<readonly string[]> {
    const names = (await this.#reading(path, () => readdir(this.#host(path)))) ?? [];
    if (names.length > MAX_NAMES) throw unreadable(path, `the folder has more than ${MAX_NAMES} names`);
    return names.sort();
  }

  async read(path: string, maxBytes: number): Promise<Buffer | null> {
    if ((await this.entry(path))?.kind !== 'file') return null;
    return await this.#reading(path, async () => {
      const file = await open(this.#host(path), constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        const { size } = await file.stat();
        if (size > maxBytes) throw unreadable(path, `it has ${size} bytes, more than ${maxBytes}`);
        return await readAll(file, size);
      } finally {
        await file.close();
      }
    });
  }

  async write(path: string, bytes: Buffer, attributes: FileAttributes): Promise<void> {
    const replaced = await this.entry(path);
    const folder = await this.entry(folderOf(path));
    const own = newAttributes(attributes, replaced, folder);
    await this.#throughScratch(path, async (scratch) => {
      const file = await open(scratch, 'wx', 0o600);
      try {
        await file.writeFile(bytes);
        if (this.#keepsAttributes) {
          await this.#copyExtended(path, replaced, scratch);
          await file.chown(own.uid, own.gid);
          await file.chmod(own.mode);
        }
        await file.sync();
      } finally {
        await file.close();
      }
      await this.#copyRights(replaced?.kind === 'file' ? path : folderOf(path), scratch);
    });
  }

  async append(path: string, bytes: Buffer): Promise<void> {
    await this.#writing(path, async () => {
      const { O_WRONLY, O_APPEND, O_NOFOLLOW } = constants;
      const file = await open(this.#host(path), O_WRONLY | O_APPEND | O_NOFOLLOW);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
    });
  }

  async link(path: string, target: string): Promise<void> {
    await this.#throughScratch(path, async (scratch) => {
      await symlink(target, scratch);
      if (this.#keepsAttributes) await this.#copyLabel(path, scratch);
    });
  }

  async remove(path: string): Promise<void> {
    await this.#writing(path, () => rm(this.#host(path), { force: true }));
  }

  async makeFolder(path: string): Promise<void> {
    const above = await this.entry(folderOf(path));
    await this.#writing(path, async () => {
      await mkdir(this.#host(path), 0o700);
      await this.#copyRights(folderOf(path), this.#host(path));
      if (!this.#keepsAttributes || above === null) return;
      const folder = await open(this.#host(path), constants.O_RDONLY | constants.O_DIRECTORY);
      try {
        await folder.chown(above.uid, above.gid);
        await folder.chmod(above.mode & 0o1777);
      } finally {
        await folder.close();
      }
    });
    if (this.#keepsAttributes) await this.#copyLabel(path, this.#host(path));
  }

  /** Makes something under a name of its own beside `path`, then gives it that name. */
  async #throughScratch(path: string, make: (scratch: string) => Promise<void>): Promise<void> {
    const folder = folderOf(path);
    const scratch = this.#host(joinPath(folder, `.xenferry-${randomBytes(8).toString('hex')}`));
    await this.#writing(path, async () => {
      try {
        await make(scratch);
        await rename(scratch, this.#host(path));
      } catch (error) {
        await rm(scratch, { force: true });
        throw error;
      }
    });
  }

  /** Without this ntfs-3g lets everyone change what it makes. */
  async #copyRights(path: string, host: string): Promise<void> {
    if (this.#rightsAttribute === null) return;
    const rights = await attributeOf(this.#host(path), this.#rightsAttribute);
    if (rights !== null) await setAttribute(host, this.#rightsAttribute, rights);
  }

  /** Everything but owner and mode: labels, ACLs and capabilities of the file that goes, else a neighbour's label. */
  async #copyExtended(path: string, replaced: GuestEntry | null, scratch: string): Promise<void> {
    if (replaced?.kind !== 'file') return await this.#copyLabel(path, scratch);
    const flags = ['--attributes-only', '--no-dereference', '--preserve=xattr'];
    await runTool('cp', [...flags, '--', this.#host(path), scratch]);
  }

  /** A new file gets the SELinux label of a file beside it, else of its folder; where there is none, none. */
  async #copyLabel(path: string, host: string): Promise<void> {
    const folder = folderOf(path);
    const neighbours = (await this.list(folder)).filter((name) => !name.startsWith('.xenferry-'));
    const wanted = (await lstat(host)).isDirectory() ? 'folder' : 'file';
    for (const name of neighbours.slice(0, 64)) {
      const neighbour = joinPath(folder, name);
      if (neighbour === path || (await this.entry(neighbour))?.kind !== wanted) continue;
      const label = await attributeOf(this.#host(neighbour), SELINUX_LABEL);
      return label === null ? undefined : await setAttribute(host, SELINUX_LABEL, label);
    }
    const label = await attributeOf(this.#host(folder), SELINUX_LABEL);
    if (label !== null) await setAttribute(host, SELINUX_LABEL, label);
  }

  #host(path: string): string {
    return path === '/' ? this.#root : `${this.#root}${path}`;
  }

  /** ntfs-3g shows a junction's target as a path on this machine. */
  #guestTarget(target: string): string {
    return target === this.#root || target.startsWith(`${this.#root}/`)
      ? target.slice(this.#root.length) || '/'
      : target;
  }

  async #reading<T>(path: string, action: () => Promise<T>): Promise<T | null> {
    try {
      return await action();
    } catch (error) {
      if (error instanceof XenferryError) throw error;
      const reason = systemErrorCode(error);
      if (reason === undefined) throw error;
      if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes(reason)) return null;
      throw unreadable(path, `it cannot be read (${reason})`, error);
    }
  }

  async #writing(path: string, action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      const reason = systemErrorCode(error);
      if (error instanceof XenferryError || reason === undefined) throw error;
      const cause = reason === 'ENOSPC' ? 'the file system is full' : `it cannot be written (${reason})`;
      throw new XenferryError('GUEST_UNWRITABLE', `${JSON.stringify(path)} in the guest: ${cause}`, {
        cause: error,
      });
    }
  }
}

function kindOf(stats: Stats): GuestEntry['kind'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'folder';
  return stats.isSymbolicLink() ? 'link' : 'other';
}

async function readAll(file: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.alloc(size);
  let filled = 0;
  while (filled < size) {
    const { bytesRead } = await file.read(bytes, filled, size - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

async function attributeOf(host: string, name: string): Promise<Buffer | null> {
  const args = ['--absolute-names', '--no-dereference', '--only-values', '-n', name, '--', host];
  const { exitCode, stdout } = await runTool('getfattr', args, { alsoGood: [1] });
  return exitCode === 0 && stdout.length > 0 ? stdout : null;
}

async function setAttribute(host: string, name: string, bytes: Buffer): Promise<void> {
  const value = `0x${bytes.toString('hex')}`;
  await runTool('setfattr', ['--no-dereference', '-n', name, '-v', value, '--', host]);
}

function unreadable(path: string, reason: string, cause?: unknown): XenferryError {
  return new XenferryError('GUEST_UNREADABLE', `${JSON.stringify(path)} in the guest: ${reason}`, { cause });
}
