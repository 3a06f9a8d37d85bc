import { Database } from 'sqlite3';
import { systemErrorCode, XenferryError } from '../model/errors.js';

/**
 * Holds a ledger for one process. The lock is SQLite's own on a file beside the ledger: the kernel lifts it
 * when the process ends, however it ends, so no stale lock is ever left.
 */
export class LedgerLock {
  readonly #handle: InstanceType<typeof Database>;

  private constructor(handle: InstanceType<typeof Database>) {
    this.#handle = handle;
  }

  /** Throws TARGET_BUSY when another process holds it. */
  static async acquire(file: string): Promise<LedgerLock> {
    const handle = await open(file);
    try {
      await run(handle, 'BEGIN EXCLUSIVE');
      return new LedgerLock(handle);
    } catch (error) {
      handle.close();
      if (systemErrorCode(error) !== 'SQLITE_BUSY') throw error;
      throw new XenferryError('TARGET_BUSY', 'another xenferry works on this target', { file, cause: error });
    }
  }

  async release(): Promise<void> {
    await new Promise<void>((resolve) => this.#handle.close(() => resolve()));
  }
}

function open(file: string): Promise<InstanceType<typeof Database>> {
  return new Promise((resolve, reject) => {
    const handle = new Database(file, (error: Error | null) =>
      error === null ? resolve(handle) : reject(error),
    );
  });
}

function run(handle: InstanceType<typeof Database>, sql: string): Promise<void> {
  return new Promise((resolve, reject) => {
    handle.run(sql, (error: Error | null) => (error === null ? resolve() : reject(error)));
  });
}
