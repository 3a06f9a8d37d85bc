import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { partialPath } from '../io/partial-file.js';
import { systemErrorCode, XenferryError } from '../model/errors.js';
import { checkLedgerFile, type LedgerFacts } from './check-ledger.js';
import { ReadOnlyDatabase } from './read-only-database.js';

/**
 * Writes a ledger as it is at this moment to `to`, also while a run writes it. `to` gets its name when the copy has
 * been checked and is on stable storage; `before` is called right before that. Throws SOURCE_NOT_FOUND,
 * LEDGER_INVALID, TARGET_NO_SPACE, TARGET_UNWRITABLE.
 */
export async function copyLedger(
  from: string,
  to: string,
  before: () => Promise<void> = async () => {},
): Promise<LedgerFacts> {
  const partial = partialPath(to);
  await rm(partial, { force: true });
  try {
    await copyInto(from, partial);
    const facts = await checkLedgerFile(partial);
    await makeDurable(partial);
    await before();
    await rename(partial, to);
    await makeDurable(dirname(to));
    return { ...facts, file: to };
  } catch (error) {
    await rm(partial, { force: true });
    throw error instanceof XenferryError ? error : copyError(error, to);
  }
}

/** What is still in the write-ahead log comes along, and unused pages do not. */
async function copyInto(from: string, partial: string): Promise<void> {
  const db = await ReadOnlyDatabase.open(from);
  try {
    await db.rows('VACUUM INTO ?', partial);
  } finally {
    await db.close();
  }
}

async function makeDurable(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function copyError(cause: unknown, file: string): XenferryError {
  const code = systemErrorCode(cause) ?? String(cause);
  if (code === 'SQLITE_FULL' || code === 'ENOSPC') {
    return new XenferryError('TARGET_NO_SPACE', 'there is no room for the copy', { file, cause });
  }
  return new XenferryError('TARGET_UNWRITABLE', `cannot be written (${code})`, { file, cause });
}
