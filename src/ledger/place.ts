import { resolve } from 'node:path';
import { isPostgresUrl, postgresAddress } from '../io/postgres-url.js';
import { readUrlReference } from '../io/url-reference.js';
import { XenferryError } from '../model/errors.js';

/** Where a ledger is: below a folder, in SQLite, or in a PostgreSQL database. The URL may hold a password. */
export type LedgerPlace = { readonly folder: string } | { readonly url: string };

/**
 * What `--store` names: a folder, the URL of a database, or `env:NAME` or `file:PATH` with such a URL in it. Rejects
 * with CONFIG_INVALID, also for a password on the command line.
 */
export async function readLedgerPlace(given: string): Promise<LedgerPlace> {
  const text = await readUrlReference(given, 'store URL');
  if (isPostgresUrl(text)) {
    if (postgresAddress(text).password === undefined || text !== given) return { url: text };
    throw new XenferryError('CONFIG_INVALID', 'the store URL has a password in it', {
      hint: 'Give env:NAME or file:PATH instead, or leave it out and set PGPASSWORD or PGPASSFILE.',
    });
  }
  if (text === given) return { folder: resolve(given) };
  throw new XenferryError('CONFIG_INVALID', 'the store URL is none of PostgreSQL');
}
