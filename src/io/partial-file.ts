import { constants, type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemErrorCode } from '../model/errors.js';
import { writeError } from './positional-writer.js';

/**
 * A file under construction: `<final name>.partial`, which gets its final name only when it is whole and on
 * stable storage. What a killed run leaves is never mistaken for a result.
 */
export class PartialFile {
  readonly path: string;
  readonly #finalPath: string;
  readonly #handle: FileHandle;

  private constructor(path: string, finalPath: string, handle: FileHandle) {
    this.path = path;
    this.#finalPath = finalPath;
    this.#handle = handle;
  }

  /** Starts afresh, or goes on with what an earlier run left when `resume`. Throws TARGET_*. */
  static async open(finalPath: string, resume: boolean): Promise<PartialFile> {
    const path = partialPath(finalPath);
    try {
      // Who still writes into the earlier one, late, must not write into this.
      if (!resume) await rm(path, { force: true });
      return new PartialFile(path, finalPath, await open(path, resume ? 'r+' : 'w+'));
    } catch (error) {
      throw writeError(path, 0, error);
    }
  }

  /**
   * The same of a file that has its final name from the start, in a folder under construction; it need not be there to
   * go on with. Throws TARGET_*.
   */
  static async openInside(path: string, resume: boolean): Promise<PartialFile> {
    try {
      const flags = constants.O_RDWR | constants.O_CREAT | (resume ? 0 : constants.O_TRUNC);
      return new PartialFile(path, path, await open(path, flags));
    } catch (error) {
      throw writeError(path, 0, error);
    }
  }

  /** Sets the length in bytes; what is added reads as zeros and takes no space. */
  async setLength(bytes: number): Promise<void> {
    await this.#guard(0, () => this.#handle.truncate(bytes));
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    await this.#guard(offset, async () => {
      for (let done = 0; done < bytes.byteLength; ) {
        const { bytesWritten } = await this.#handle.write(
          bytes,
          done,
          bytes.byteLength - done,
          offset + done,
        );
        done += bytesWritten;
      }
    });
  }

  /** Returns when everything written so far survives a loss of power. */
  async sync(): Promise<void> {
    await this.#guard(0, () => this.#handle.datasync());
  }

  /** Makes the file durable and gives it its final name, replacing what has that name. */
  async publish(): Promise<void> {
    await this.#guard(0, async () => {
      await this.#handle.sync();
      await this.#handle.close();
      await rename(this.path, this.#finalPath);
      const folder = await open(dirname(this.#finalPath), 'r');
      await folder.sync();
      await folder.close();
    });
  }

  /** Closes the file and leaves it for a later run. */
  async keep(): Promise<void> {
    await this.#handle.close();
  }

  async discard(): Promise<void> {
    await this.#handle.close();
    await rm(this.path, { force: true });
  }

  async #guard<T>(offset: number, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw writeError(this.path, offset, error);
    }
  }
}

export function partialPath(finalPath: string): string {
  return `${finalPath}.partial`;
}

/** Length in bytes of what an earlier run left, or null. */
export async function partialLength(finalPath: string): Promise<number | null> {
  try {
    return (await stat(partialPath(finalPath))).size;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw writeError(partialPath(finalPath), 0, error);
  }
}
