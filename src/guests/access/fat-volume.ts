import { XenferryError } from '../../model/errors.js';
import type { GuestEntry } from '../files/guest-files.js';
import { folderOf, nameOf } from '../files/resolve-path.js';
import { type RunOptions, runTool } from '../tools/run-tool.js';
import type { Volume } from './volume.js';

/** Letters with a meaning for mtools, which takes names for patterns, or in no FAT name (fatgen103). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: a damaged folder may hold them
const UNSAFE = /["*:<>?[\\\]|\u0000-\u001f\u007f]/;

/**
 * A FAT file system through mtools, which needs neither root nor a mount. FAT knows no owners, modes and links: files
 * are root's and every `attributes` is passed over.
 */
export class FatVolume implements Volume {
  readonly foldsCase = true;
  readonly #image: string;
  readonly #signal: AbortSignal | undefined;
  /** Names by folder, `true` for folders; each is a program started. */
  readonly #lists = new Map<string, ReadonlyMap<string, boolean>>();

  /** `image`: absolute path of a raw file with the file system. */
  constructor(image: string, signal?: AbortSignal) {
    this.#image = image;
    this.#signal = signal;
  }

  async entry(path: string): Promise<GuestEntry | null> {
    if (path === '/') return folderEntry(0);
    const isFolder = (await this.#listed(folderOf(path))).get(nameOf(path));
    if (isFolder === undefined) return null;
    return isFolder ? folderEntry(0) : { ...folderEntry(await this.#sizeOf(path)), kind: 'file' };
  }

  async list(path: string): Promise<readonly string[]> {
    return [...(await this.#listed(path)).keys()].sort();
  }

  async read(path: string, maxBytes: number): Promise<Buffer | null> {
    const entry = await this.entry(path);
    if (entry?.kind !== 'file') return null;
    if (entry.size > maxBytes) {
      throw new XenferryError(
        'GUEST_UNREADABLE',
        `${path} in the guest has ${entry.size} bytes, more than ${maxBytes}`,
      );
    }
    return (await this.#run('mtype', [named(path)], { maxOutput: entry.size + 1 })).stdout;
  }

  /** mtools frees the old file before it writes the new one; the overlay is thrown away when that is cut short. */
  async write(path: string, bytes: Buffer): Promise<void> {
    await this.#change(path, 'mcopy', ['-o', '-', named(path)], bytes);
  }

  async append(path: string, bytes: Buffer): Promise<void> {
    const old = await this.read(path, Number.MAX_SAFE_INTEGER - 1);
    if (old === null)
      throw new XenferryError('GUEST_UNWRITABLE', `there is no ${path} in the guest to add to`);
    await this.write(path, Buffer.concat([old, bytes]));
  }

  async link(path: string): Promise<void> {
    throw new XenferryError(
      'GUEST_UNWRITABLE',
      `${path} in the guest is on a FAT file system, which has no links`,
    );
  }

  async remove(path: string): Promise<void> {
    await this.#change(path, 'mdel', [named(path)]);
  }

  async makeFolder(path: string): Promise<void> {
    await this.#change(path, 'mmd', [named(path)]);
  }

  async #change(path: string, program: string, args: readonly string[], input?: Buffer): Promise<void> {
    this.#lists.delete(folderOf(path));
    try {
      await this.#run(program, args, input === undefined ? {} : { input });
    } catch (error) {
      if (!(error instanceof XenferryError) || error.code !== 'TOOL_FAILED') throw error;
      throw new XenferryError('GUEST_UNWRITABLE', `${path} in the guest: ${error.message}`, { cause: error });
    }
  }

  async #listed(path: string): Promise<ReadonlyMap<string, boolean>> {
    const known = this.#lists.get(path);
    if (known !== undefined) return known;
    const inside = path === '/' ? '::/' : `${named(path)}/`;
    const { exitCode, stdout } = await this.#run('mdir', ['-b', '-a', inside], { alsoGood: [1] });
    const names = new Map<string, boolean>();
    for (const line of exitCode === 0 ? stdout.toString().split('\n') : []) {
      const isFolder = line.endsWith('/');
      const name = nameOf(isFolder ? line.slice(0, -1) : line);
      if (name !== '' && name !== '.' && name !== '..' && !UNSAFE.test(name)) names.set(name, isFolder);
    }
    this.#lists.set(path, names);
    return names;
  }

  /** Of the line `BOOTX64  EFI   1234567 2024-05-01  12:00`. */
  async #sizeOf(path: string): Promise<number> {
    const { stdout } = await this.#run('mdir', ['-a', named(path)]);
    const size = /^\S.{7} .{3} +(\d+) +\d{4}-\d\d-\d\d/m.exec(stdout.toString())?.[1];
    if (size === undefined)
      throw new XenferryError('GUEST_UNREADABLE', `${path} in the guest cannot be listed`);
    return Number(size);
  }

  async #run(program: string, args: readonly string[], options: RunOptions = {}) {
    return await runTool(program, ['-i', this.#image, ...args], {
      ...options,
      signal: this.#signal,
      // Geometry for floppies, which no disk of a guest has to fit.
      env: { MTOOLS_SKIP_CHECK: '1' },
    });
  }
}

function named(path: string): string {
  if (!UNSAFE.test(path)) return `::${path}`;
  throw new XenferryError('GUEST_UNREADABLE', `${JSON.stringify(path)} in the guest is no name for FAT`);
}

function folderEntry(size: number): GuestEntry {
  return { kind: 'folder', size, mode: 0o755, uid: 0, gid: 0, target: null };
}
