import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../../model/errors.js';
import type { UndoStore } from '../files/apply-edits.js';

/** Keeps replaced bytes as files named by their digest; what is cut short by a crash no longer fits its name. */
export class UndoFolder implements UndoStore {
  readonly #folder: string;

  /** `folder`: absolute; made when it is needed. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  async put(digest: string, bytes: Buffer): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const handle = await open(join(this.#folder, digest), 'w', 0o600);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async get(digest: string): Promise<Buffer | null> {
    try {
      return await readFile(join(this.#folder, digest));
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return null;
      throw error;
    }
  }
}
