import { stat } from 'node:fs/promises';
import { systemErrorCode, XenferryError } from '../model/errors.js';
import { ReadOnlyDatabase } from './read-only-database.js';
import { refuseUnknownSteps } from './schema-version.js';

/** A sound ledger in figures. */
export interface LedgerFacts {
  readonly file: string;
  readonly bytes: number;
  /** Name of the newest step of the schema's history that was made. */
  readonly schema: string;
  readonly batches: number;
  readonly jobs: number;
}

/**
 * Reads a ledger's file in full, also beside a run. Throws SOURCE_NOT_FOUND when there is none, LEDGER_INVALID for one
 * that is damaged, no ledger, or a newer xenferry's.
 */
export async function checkLedgerFile(file: string): Promise<LedgerFacts> {
  const bytes = await sizeOf(file);
  const db = await soundOrRefused(file, () => ReadOnlyDatabase.open(file));
  try {
    return await soundOrRefused(file, async () => ({ file, bytes, ...(await check(db, file)) }));
  } finally {
    await db.close();
  }
}

async function check(
  db: ReadOnlyDatabase,
  file: string,
): Promise<Pick<LedgerFacts, 'schema' | 'batches' | 'jobs'>> {
  const tables = await db.rows("SELECT name FROM sqlite_master WHERE type = 'table'");
  for (const wanted of ['kysely_migration', 'batches', 'jobs']) {
    if (!tables.some(({ name }) => name === wanted)) throw invalid(file, 'this is no ledger of xenferry');
  }
  const steps = await db.rows('SELECT name FROM kysely_migration ORDER BY name');
  const names = steps.map(({ name }) => String(name));
  await refuseUnknownSteps(names, file);
  const [verdict] = await db.rows('PRAGMA integrity_check(1)');
  const fault = String(verdict?.integrity_check);
  if (fault !== 'ok') throw invalid(file, `it is damaged: ${fault}`);
  const [orphan] = await db.rows('PRAGMA foreign_key_check');
  if (orphan !== undefined) throw invalid(file, `it is damaged: ${orphan.table} refers to what is not there`);
  return {
    schema: names.at(-1) ?? '',
    batches: await countOf(db, 'batches'),
    jobs: await countOf(db, 'jobs'),
  };
}

async function countOf(db: ReadOnlyDatabase, table: 'batches' | 'jobs'): Promise<number> {
  const [row] = await db.rows(`SELECT count(*) AS number FROM ${table}`);
  return Number(row?.number);
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (cause) {
    const reason = systemErrorCode(cause) ?? String(cause);
    throw new XenferryError('SOURCE_NOT_FOUND', `there is no ledger (${reason})`, { file, cause });
  }
}

async function soundOrRefused<T>(file: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof XenferryError) throw error;
    throw invalid(file, `it cannot be read (${systemErrorCode(error) ?? String(error)})`, error);
  }
}

function invalid(file: string, message: string, cause?: unknown): XenferryError {
  return new XenferryError('LEDGER_INVALID', message, {
    file,
    cause,
    hint: 'Restore the latest sound backup (xenferry ledger restore).',
  });
}
