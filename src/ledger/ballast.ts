import { open, rm, stat } from 'node:fs/promises';
import { MIB } from '../model/units.js';

/** Room for the last words: far more than the records of a failing batch take. */
const BALLAST_BYTES = 4 * MIB;

/**
 * Space kept in reserve next to the ledger. When a conversion has filled the disk, dropping it lets the ledger
 * say so.
 */
export class Ballast {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** Takes the space; without room for it there is simply none. */
  async take(): Promise<void> {
    const size = await stat(this.#file).then(
      (found) => found.size,
      () => 0,
    );
    if (size === BALLAST_BYTES) return;
    const handle = await open(this.#file, 'w');
    try {
      await handle.writeFile(Buffer.alloc(BALLAST_BYTES, 0x42));
    } catch {
      await rm(this.#file, { force: true });
    } finally {
      await handle.close();
    }
  }

  async drop(): Promise<void> {
    await rm(this.#file, { force: true });
  }
}
