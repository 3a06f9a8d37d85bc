import { chmodSync } from 'node:fs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { postgresPassword } from '../../../src/io/postgres-password.js';
import { postgresAddress } from '../../../src/io/postgres-url.js';
import { tempFiles } from '../../support/temp-files.js';

const { put } = tempFiles();
const URL = 'postgres://me@db.example.com:6000/ledger';

beforeEach(() => {
  const { path } = put('pgpass', 'db.example.com:6000:ledger:me:of-the-file\nother:*:*:*:of-another\n');
  chmodSync(path, 0o600);
  vi.stubEnv('PGPASSFILE', path);
  vi.stubEnv('PGPASSWORD', undefined);
});

afterEach(() => vi.unstubAllEnvs());

async function found(url: string): Promise<string> {
  const password = postgresPassword(postgresAddress(url));
  return typeof password === 'string' ? password : await password();
}

it('is the URL’s before the environment’s before the file’s', async () => {
  expect(await found(URL)).toBe('of-the-file');
  vi.stubEnv('PGPASSWORD', 'of-the-environment');
  expect(await found(URL)).toBe('of-the-environment');
  expect(await found('postgres://me:of-the-url@db.example.com:6000/ledger')).toBe('of-the-url');
});

it('is empty where the file has none for that database, or there is no file', async () => {
  expect(await found('postgres://me@db.example.com:6000/else')).toBe('');
  vi.stubEnv('PGPASSFILE', '/nowhere/pgpass');
  expect(await found(URL)).toBe('');
});
