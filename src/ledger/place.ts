import { resolve } from 'node:path';
import { isPostgresUrl, postgresAddress } from '../io/postgres-url.js';
import { readSecretLine } from '../io/secret-line.js';
import { XenferryError } from '../model/errors.js';

/** Where a ledger is: below a folder, in SQLite, or in a PostgreSQL database. The URL may hold a password. */
export type LedgerPlace = { readonly folder: string } | { readonly url: string };

const MAX_URL_BYTES = 4096;

/**
 * What `--store` names: a folder, the URL of a database, or `env:NAME` or `file:PATH` with such a URL in it. Rejects
 * with CONFIG_INVALID, also for a password on the command line, where every user of the machine can read it.
 */
export async function readLedgerPlace(given: string): Promise<LedgerPlace> {
  const [, kind, name = ''] = /^(env|file):(.+)$/s.exec(given) ?? [];
  if (kind !== undefined) {
    const reference = kind === 'env' ? { environment: name } : { file: resolve(name) };
    const url = await readSecretLine(reference, 'store URL', MAX_URL_BYTES);
    postgresAddress(url);
    return { url };
  }
  if (!isPostgresUrl(given)) return { folder: resolve(given) };
  if (postgresAddress(given).password !== undefined) {
    throw new XenferryError('CONFIG_INVALID', 'the URL of the store has a password in it', {
      hint: 'Leave it out and set PGPASSWORD or PGPASSFILE, or give --store env:NAME or --store file:PATH.',
    });
  }
  return { url: given };
}
