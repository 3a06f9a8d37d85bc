import { existsSync } from 'node:fs';
import { copyFile, realpath, rm } from 'node:fs/promises';
import { makeFolder } from '../io/make-folder.js';
import { XenferryError } from '../model/errors.js';
import { checkLedgerFile, type LedgerFacts } from './check-ledger.js';
import { copyLedger } from './copy-ledger.js';
import { LedgerLock } from './ledger-lock.js';
import { databaseFile, ledgerFolder, lockFile } from './ledger-place.js';

/** What SQLite keeps beside a database in use. */
const JOURNALS = ['-wal', '-shm'] as const;

/** A restored ledger, and where the one is that was there before; null when there was none. */
export interface Restored extends LedgerFacts {
  readonly kept: string | null;
}

/**
 * Copies the ledger of `target` to `file`, replacing what has that name; runs may go on meanwhile. Throws
 * SOURCE_NOT_FOUND, LEDGER_INVALID, CONFIG_INVALID, TARGET_NO_SPACE, TARGET_UNWRITABLE.
 */
export async function backUpLedger(target: string, file: string): Promise<LedgerFacts> {
  const ledger = databaseFile(ledgerFolder(target));
  // First: the copy of a damaged ledger can be sound and still lack what the damage hides.
  await checkLedgerFile(ledger);
  if (await isSameFile(ledger, file)) {
    throw new XenferryError('CONFIG_INVALID', 'a ledger cannot be its own backup', { file });
  }
  return await copyLedger(ledger, file);
}

/**
 * Makes the backup `file` the ledger of `target`; the one that is there is kept beside it, whatever its state. Throws
 * TARGET_BUSY while a run works there, SOURCE_NOT_FOUND, LEDGER_INVALID, TARGET_NO_SPACE, TARGET_UNWRITABLE.
 */
export async function restoreLedger(file: string, target: string): Promise<Restored> {
  await checkLedgerFile(file);
  const folder = ledgerFolder(target);
  await makeFolder(folder);
  const lock = await LedgerLock.acquire(lockFile(folder));
  try {
    const ledger = databaseFile(folder);
    const kept = existsSync(ledger) ? `${ledger}.before-restore-${timeStamp()}` : null;
    const facts = await copyLedger(file, ledger, async () => {
      if (kept !== null) await keep(ledger, kept);
      // Of the old one: SQLite would play a log that it finds into the new one.
      for (const journal of JOURNALS) await rm(ledger + journal, { force: true });
    });
    return { ...facts, kept };
  } finally {
    await lock.release();
  }
}

/** As one file, or byte by byte when it is too damaged for that. */
async function keep(ledger: string, kept: string): Promise<void> {
  try {
    await copyLedger(ledger, kept);
  } catch {
    for (const part of ['', ...JOURNALS]) {
      if (existsSync(ledger + part)) await copyFile(ledger + part, kept + part);
    }
  }
}

async function isSameFile(ledger: string, file: string): Promise<boolean> {
  return existsSync(file) && (await realpath(file)) === (await realpath(ledger));
}

/** `20261124T060500123Z`. */
function timeStamp(): string {
  return new Date().toISOString().replaceAll(/[-:.]/g, '');
}
