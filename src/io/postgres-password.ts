import pg from 'pg';
import pgpass from 'pgpass';
import type { PostgresAddress } from './postgres-url.js';

/**
 * What the driver is given as a password: the URL's, else PGPASSWORD's, else what the password file (PGPASSFILE,
 * ~/.pgpass) has when the server asks for one; empty when it has none.
 */
export function postgresPassword(address: PostgresAddress): string | (() => Promise<string>) {
  return address.password ?? process.env.PGPASSWORD ?? (() => passwordInFile(address));
}

function passwordInFile({ host, port, database, user = pg.defaults.user }: PostgresAddress): Promise<string> {
  return new Promise((resolve) => pgpass({ host, port, database, user }, (found) => resolve(found ?? '')));
}
