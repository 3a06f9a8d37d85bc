import { randomBytes } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { XenferryError } from '../../../model/errors.js';
import { MIB } from '../../../model/units.js';
import { newAttributes } from '../../files/guest-edit.js';
import type { FileAttributes, GuestEntry } from '../../files/guest-files.js';
import { folderOf, joinPath } from '../../files/resolve-path.js';
import type { Volume } from '../volume.js';
import type { Appliance } from './appliance.js';
import { CommandFailure } from './guestfish.js';

export interface ApplianceVolumeOptions {
  readonly foldsCase: boolean;
  /** Whether owners, permission bits and extended attributes are the guest's: not so on NTFS and FAT. */
  readonly keepsAttributes: boolean;
}

/** Bytes of a folder's names; this bounds memory, not use. */
const MAX_LISTING = 16 * MIB;
const SELINUX_LABEL = 'security.selinux';
/** How messages end where there is nothing at a path, which are strerror(3)'s in English. */
const NOTHING_THERE =
  /: (?:No such file or directory|Not a directory|Too many levels of symbolic links|File name too long)\s*$/;
const FILE_TYPE = 0o170000;
const KINDS = new Map<number, GuestEntry['kind']>([
  [0o100000, 'file'],
  [0o040000, 'folder'],
  [0o120000, 'link'],
]);

/**
 * A file system mounted in the appliance. Every path is checked name by name by `MountedFiles` before it comes here;
 * and the appliance, not this machine, would follow a link that was not.
 */
export class ApplianceVolume implements Volume {
  readonly foldsCase: boolean;
  readonly #appliance: Appliance;
  readonly #root: string;
  readonly #keepsAttributes: boolean;

  /** `root`: where it is mounted in the appliance. */
  constructor(appliance: Appliance, root: string, { foldsCase, keepsAttributes }: ApplianceVolumeOptions) {
    this.foldsCase = foldsCase;
    this.#appliance = appliance;
    this.#root = root;
    this.#keepsAttributes = keepsAttributes;
  }

  async entry(path: string): Promise<GuestEntry | null> {
    const facts = await this.#reading(path, () => this.#run('lstatns', [this.#at(path)]));
    if (facts === null) return null;
    const entry = readEntry(facts.toString());
    if (entry.kind !== 'link') return entry;
    const target = await this.#reading(path, () => this.#run('readlink', [this.#at(path)]));
    return { ...entry, target: target?.toString().replace(/\n$/, '') ?? '' };
  }

  async list(path: string): Promise<readonly string[]> {
    const names = await this.#appliance.throughFile((local) =>
      this.#reading(path, async () => {
        await this.#run('ls0', [this.#at(path), local]);
        const { size } = await stat(local);
        if (size > MAX_LISTING) throw unreadable(path, 'the folder has too many names');
        return (await readFile(local, 'utf8')).split('\0').slice(0, -1);
      }),
    );
    return (names ?? []).sort();
  }

  async read(path: string, maxBytes: number): Promise<Buffer | null> {
    const entry = await this.entry(path);
    if (entry?.kind !== 'file') return null;
    if (entry.size > maxBytes) throw unreadable(path, `it has ${entry.size} bytes, more than ${maxBytes}`);
    return await this.#appliance.throughFile((local) =>
      this.#reading(path, async () => {
        await this.#run('download', [this.#at(path), local]);
        const { size } = await stat(local);
        if (size > maxBytes) throw unreadable(path, `it has ${size} bytes, more than ${maxBytes}`);
        return await readFile(local);
      }),
    );
  }

  async write(path: string, bytes: Buffer, attributes: FileAttributes): Promise<void> {
    const replaced = await this.entry(path);
    const own = newAttributes(attributes, replaced, await this.entry(folderOf(path)));
    await this.#throughScratch(path, async (scratch) => {
      await this.#upload(bytes, scratch, 0);
      if (!this.#keepsAttributes) return;
      // Labels, ACLs and capabilities of the file that goes, else a neighbour's label.
      if (replaced?.kind === 'file') {
        await this.#run('copy-attributes', [this.#at(path), scratch, 'xattributes:true']);
      } else {
        await this.#copyLabel(path, scratch, 'file');
      }
      await this.#setOwner(scratch, own);
    });
  }

  async append(path: string, bytes: Buffer): Promise<void> {
    await this.#writing(path, async () => {
      const size = (await this.entry(path))?.size ?? 0;
      await this.#upload(bytes, this.#at(path), size);
    });
  }

  async link(path: string, target: string): Promise<void> {
    await this.#throughScratch(path, async (scratch) => {
      await this.#run('ln-s', [target, scratch]);
      if (this.#keepsAttributes) await this.#copyLabel(path, scratch, 'file');
    });
  }

  async remove(path: string): Promise<void> {
    await this.#writing(path, async () => {
      if ((await this.entry(path)) !== null) await this.#run('rm', [this.#at(path)]);
    });
  }

  async makeFolder(path: string): Promise<void> {
    const above = await this.entry(folderOf(path));
    await this.#writing(path, async () => {
      await this.#run('mkdir-mode', [this.#at(path), '0700']);
      if (!this.#keepsAttributes || above === null) return;
      await this.#copyLabel(path, this.#at(path), 'folder');
      await this.#setOwner(this.#at(path), { ...above, mode: above.mode & 0o1777 });
    });
  }

  async #upload(bytes: Buffer, remote: string, offset: number): Promise<void> {
    await this.#appliance.throughFile(async (local) => {
      await writeFile(local, bytes, { mode: 0o600 });
      await this.#run('upload-offset', [local, remote, String(offset)]);
    });
  }

  async #setOwner(remote: string, { mode, uid, gid }: Required<FileAttributes>): Promise<void> {
    await this.#run('lchown', [String(uid), String(gid), remote]);
    await this.#run('chmod', [`0${mode.toString(8)}`, remote]);
  }

  /** Makes something under a name of its own beside `path`, then gives it that name. */
  async #throughScratch(path: string, make: (scratch: string) => Promise<void>): Promise<void> {
    const name = `.xenferry-${randomBytes(8).toString('hex')}`;
    const scratch = this.#at(joinPath(folderOf(path), name));
    await this.#writing(path, async () => {
      try {
        await make(scratch);
        await this.#run('rename', [scratch, this.#at(path)]);
      } catch (error) {
        await this.#run('rm-f', [scratch]).catch(() => {});
        throw error;
      }
    });
  }

  /** A new file gets the SELinux label of a file beside it, else of its folder; where there is none, none. */
  async #copyLabel(path: string, remote: string, wanted: 'file' | 'folder'): Promise<void> {
    const folder = folderOf(path);
    let model = folder;
    for (const name of (await this.list(folder)).slice(0, 64)) {
      const neighbour = joinPath(folder, name);
      if (name.startsWith('.xenferry-') || neighbour === path) continue;
      if ((await this.entry(neighbour))?.kind !== wanted) continue;
      model = neighbour;
      break;
    }
    const label = await this.#labelOf(this.#at(model));
    if (label === null) return;
    await this.#run('lsetxattr', [SELINUX_LABEL, label, String(Buffer.byteLength(label)), remote]);
  }

  /** The kernel keeps labels with or without a final zero byte; guestfish cannot be given one. */
  async #labelOf(remote: string): Promise<string | null> {
    try {
      const label = (await this.#run('lgetxattr', [remote, SELINUX_LABEL])).toString();
      return label.replace(/\0.*$/s, '') || null;
    } catch (error) {
      if (error instanceof CommandFailure) return null;
      throw error;
    }
  }

  #at(path: string): string {
    return path === '/' ? this.#root : `${this.#root}${path}`;
  }

  async #run(command: string, args: readonly string[]): Promise<Buffer> {
    return await this.#appliance.guestfish.run(command, args);
  }

  async #reading<T>(path: string, action: () => Promise<T>): Promise<T | null> {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error;
      if (NOTHING_THERE.test(error.message)) return null;
      throw unreadable(path, 'it cannot be read', error);
    }
  }

  async #writing(path: string, action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error;
      const isFull = error.message.includes('No space left on device');
      const reason = isFull ? 'the file system is full' : 'it cannot be written';
      throw new XenferryError('GUEST_UNWRITABLE', `${JSON.stringify(path)} in the guest: ${reason}`, {
        cause: error,
      });
    }
  }
}

/** The structure that `lstatns` prints, one `st_NAME: NUMBER` a line, as an entry without its target. */
export function readEntry(text: string): GuestEntry {
  const facts = new Map(
    text.split('\n').map((line) => {
      const [name = '', value = ''] = line.split(': ');
      return [name, Number(value)];
    }),
  );
  const fact = (name: string) => {
    const value = facts.get(`st_${name}`);
    if (value !== undefined && Number.isSafeInteger(value) && value >= 0) return value;
    throw new XenferryError('TOOL_FAILED', `guestfish: lstatns does not tell st_${name}`);
  };
  const mode = fact('mode');
  return {
    kind: KINDS.get(mode & FILE_TYPE) ?? 'other',
    size: fact('size'),
    mode: mode & 0o7777,
    uid: fact('uid'),
    gid: fact('gid'),
    target: null,
  };
}

function unreadable(path: string, reason: string, cause?: unknown): XenferryError {
  return new XenferryError('GUEST_UNREADABLE', `${JSON.stringify(path)} in the guest: ${reason}`, { cause });
}
