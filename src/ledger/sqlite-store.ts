import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Kysely, Migrator } from 'kysely';
import { makeFolder } from '../io/make-folder.js';
import { systemErrorCode, XenferryError } from '../model/errors.js';
import { Ballast } from './ballast.js';
import { LedgerLock } from './ledger-lock.js';
import { databaseFile, ledgerFolder, lockFile } from './ledger-place.js';
import { type LedgerSchema, MIGRATIONS } from './schema.js';
import { refuseNewer } from './schema-version.js';
import { SqliteDialect } from './sqlite-dialect.js';
import { type LedgerStore, ledgerError, type TargetLock } from './store.js';

/** A ledger in a file, for one process at a time to write and any number to read. */
export class SqliteStore implements LedgerStore {
  readonly db: Kysely<LedgerSchema>;
  /** One connection, one transaction at a time. */
  readonly concurrent = false;
  readonly #lock: LedgerLock | null;
  readonly #ballast: Ballast;

  private constructor(folder: string, lock: LedgerLock | null, db: Kysely<LedgerSchema>) {
    this.db = db;
    this.#lock = lock;
    this.#ballast = ballastOf(folder);
  }

  /** Opens or makes the one below `place` for writing. Rejects with TARGET_BUSY, TARGET_UNWRITABLE, LEDGER_INVALID. */
  static async open(place: string): Promise<SqliteStore> {
    const folder = ledgerFolder(place);
    await makeFolder(folder);
    const lock = await guard(folder, () => LedgerLock.acquire(lockFile(folder)));
    try {
      await guard(folder, () => ballastOf(folder).take());
      return new SqliteStore(folder, lock, await openDatabase(folder));
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Rejects with SOURCE_NOT_FOUND when there is none. */
  static async openForReading(place: string): Promise<SqliteStore> {
    if (!SqliteStore.exists(place)) {
      throw new XenferryError('SOURCE_NOT_FOUND', 'no run of xenferry has written here', { file: place });
    }
    const folder = ledgerFolder(place);
    // Not migrated: reading must work on a full disk, and beside a run.
    const db = connect(folder);
    await guard(folder, () => closedOnFailure(db, () => refuseNewer(db, folder)));
    return new SqliteStore(folder, null, db);
  }

  static exists(place: string): boolean {
    return existsSync(databaseFile(ledgerFolder(place)));
  }

  /** When the disk is full, once more after giving the reserve away. */
  readonly durably = async <T>(action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (error) {
      if (systemErrorCode(error) !== 'SQLITE_FULL') throw ledgerError(error);
    }
    await this.#ballast.drop();
    try {
      return await action();
    } catch (error) {
      throw ledgerError(error);
    }
  };

  /** In the target itself, where runs with ledgers elsewhere look for it too. */
  async lockTarget(target: string): Promise<TargetLock> {
    const folder = ledgerFolder(target);
    await makeFolder(folder);
    const lock = await guard(folder, () => LedgerLock.acquire(join(folder, 'target-lock')));
    // The kernel keeps it for as long as the process lives.
    return { lost: new AbortController().signal, release: () => lock.release() };
  }

  async isTargetHeld(target: string): Promise<boolean> {
    const file = join(ledgerFolder(target), 'target-lock');
    if (!existsSync(file)) return false;
    try {
      const lock = await LedgerLock.acquire(file);
      await lock.release();
      return false;
    } catch (error) {
      if (error instanceof XenferryError && error.code === 'TARGET_BUSY') return true;
      throw ledgerError(error, target);
    }
  }

  /** Who has it open for writing has it alone. */
  async lockService(): Promise<TargetLock> {
    return { lost: new AbortController().signal, release: async () => {} };
  }

  async close(): Promise<void> {
    await this.db.destroy();
    await this.#lock?.release();
  }
}

function ballastOf(folder: string): Ballast {
  return new Ballast(join(folder, 'reserve'));
}

function connect(folder: string): Kysely<LedgerSchema> {
  return new Kysely<LedgerSchema>({ dialect: new SqliteDialect(databaseFile(folder)) });
}

async function openDatabase(folder: string): Promise<Kysely<LedgerSchema>> {
  const db = connect(folder);
  await guard(folder, () =>
    closedOnFailure(db, async () => {
      await refuseNewer(db, folder);
      const { error } = await new Migrator({ db, provider: MIGRATIONS }).migrateToLatest();
      if (error !== undefined) throw error;
      // Whoever had places has ended: no two processes write.
      await db.deleteFrom('places').execute();
    }),
  );
  return db;
}

async function closedOnFailure(db: Kysely<LedgerSchema>, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

async function guard<T>(folder: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw ledgerError(error, folder);
  }
}
