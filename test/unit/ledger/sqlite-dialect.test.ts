import { join } from 'node:path';
import { Kysely, sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { SqliteDialect } from '../../../src/ledger/sqlite-dialect.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder } = tempFiles();

describe('a transaction', () => {
  // SQLite itself rolls back when the disk is full, and then has nothing left to roll back.
  it('fails with the error that ended it, and the next one works', async () => {
    const db = new Kysely<{ t: { a: number } }>({ dialect: new SqliteDialect(join(folder, 'ended.sqlite')) });
    await sql`CREATE TABLE t (a)`.execute(db);
    await sql`CREATE TRIGGER full BEFORE INSERT ON t WHEN new.a = 13
      BEGIN SELECT RAISE(ROLLBACK, 'the disk is full'); END`.execute(db);
    const insert = (a: number) =>
      db.transaction().execute(async (trx) => {
        await trx.insertInto('t').values({ a }).execute();
      });

    await expect(insert(13)).rejects.toThrow('the disk is full');
    await insert(1);
    expect(await db.selectFrom('t').select('a').execute()).toEqual([{ a: 1 }]);
    await db.destroy();
  });
});
