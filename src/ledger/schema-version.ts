import { type Kysely, sql } from 'kysely';
import { XenferryError } from '../model/errors.js';
import { type LedgerSchema, MIGRATIONS } from './schema.js';

/** Where kysely notes which steps were made. */
const NOTES = 'kysely_migration';
const NEWER_HINT =
  'Use the xenferry that wrote it, or restore a backup from before the upgrade (xenferry ledger restore).';

/** Throws LEDGER_INVALID for a ledger on which a newer xenferry has worked; one that is still empty is none. */
export async function refuseNewer(db: Kysely<LedgerSchema>, place?: string): Promise<void> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === NOTES)) return;
  const { rows } = await sql<{ name: string }>`SELECT name FROM kysely_migration`.execute(db);
  await refuseUnknownSteps(
    rows.map(({ name }) => name),
    place,
  );
}

/** The same by the steps that were made. */
export async function refuseUnknownSteps(made: readonly string[], place?: string): Promise<void> {
  const known = Object.keys(await MIGRATIONS.getMigrations());
  const unknown = made.find((step) => !known.includes(step));
  if (unknown === undefined) return;
  const message = `a newer xenferry wrote this ledger (${unknown}; this one knows ${known.at(-1)})`;
  throw new XenferryError('LEDGER_INVALID', message, { file: place, hint: NEWER_HINT });
}
