import { mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemErrorCode, XenferryError } from '../model/errors.js';
import { PartialFile, partialPath } from './partial-file.js';
import { writeError } from './positional-writer.js';

/** Whether a file of this name, in such a folder, is one that we make there. */
type Owns = (name: string) => boolean;

/**
 * A folder under construction: `<final name>.partial`, which gets its final name only when all its files are whole and
 * on stable storage. Nothing in it is removed, or replaced under the final name, but files of names that are ours.
 */
export class PartialFolder {
  readonly path: string;
  readonly #finalPath: string;
  readonly #owns: Owns;
  readonly #files: PartialFile[] = [];

  private constructor(finalPath: string, owns: Owns) {
    this.path = partialPath(finalPath);
    this.#finalPath = finalPath;
    this.#owns = owns;
  }

  /** Starts afresh, or goes on with what an earlier run left when `resume`. Throws TARGET_*. */
  static async open(finalPath: string, owns: Owns, resume: boolean): Promise<PartialFolder> {
    const folder = new PartialFolder(finalPath, owns);
    await guard(folder.path, async () => {
      if (!resume) await removeOwned(folder.path, owns);
      await mkdir(folder.path, { recursive: resume });
    });
    return folder;
  }

  /** A file of the folder; it is there from the start, and goes on with what is there when `resume`. */
  async file(name: string, resume: boolean): Promise<PartialFile> {
    const file = await PartialFile.openInside(join(this.path, name), resume);
    this.#files.push(file);
    return file;
  }

  /** Closes the files after making them, and their names, durable. */
  async finishFiles(): Promise<void> {
    await this.#closeFiles(true);
    await guard(this.path, () => syncFolder(this.path));
  }

  /** Gives the folder its final name, replacing what has that name. Throws TARGET_EXISTS for what is not ours. */
  async publish(): Promise<void> {
    await guard(this.#finalPath, async () => {
      await removeOwned(this.#finalPath, this.#owns);
      await rename(this.path, this.#finalPath);
      await syncFolder(dirname(this.#finalPath));
    });
  }

  /** Closes the files and leaves them for a later run. */
  async keep(): Promise<void> {
    await this.#closeFiles(false);
  }

  async discard(): Promise<void> {
    await this.#closeFiles(false);
    await guard(this.path, () => removeOwned(this.path, this.#owns));
  }

  async #closeFiles(durable: boolean): Promise<void> {
    for (const file of this.#files.splice(0)) {
      if (durable) await file.sync();
      await file.keep();
    }
  }
}

/** The sum of the lengths of a folder's files that are ours; null when there is no such folder. */
export async function folderBytes(folder: string, owns: Owns): Promise<number | null> {
  const names = await entriesOf(folder);
  if (names === null) return null;
  let bytes = 0;
  for (const name of names) if (owns(name)) bytes += (await stat(join(folder, name))).size;
  return bytes;
}

/** Names in a folder; null when there is none. Throws TARGET_EXISTS for something else of that name. */
export async function entriesOf(folder: string): Promise<string[] | null> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null;
    if (systemErrorCode(error) === 'ENOTDIR') throw foreign(folder, 'a file of that name exists');
    throw writeError(folder, 0, error);
  }
}

export function foreign(file: string, message: string): XenferryError {
  return new XenferryError('TARGET_EXISTS', message, {
    file,
    hint: 'Move it away or choose another target.',
  });
}

async function removeOwned(folder: string, owns: Owns): Promise<void> {
  const names = await entriesOf(folder);
  if (names === null) return;
  const other = names.find((name) => !owns(name));
  if (other !== undefined) throw foreign(join(folder, other), 'the folder holds what was not made here');
  for (const name of names) await rm(join(folder, name));
  await rmdir(folder);
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync();
  await folder.close();
}

async function guard(path: string, action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (error) {
    throw error instanceof XenferryError ? error : writeError(path, 0, error);
  }
}
