import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { Kysely, type Migration, Migrator, sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { backUpLedger, Ledger, type LedgerSchema, restoreLedger } from '../../../src/ledger/index.js';
import { MIGRATIONS } from '../../../src/ledger/schema.js';
import { SqliteDialect } from '../../../src/ledger/sqlite-dialect.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder } = tempFiles();
const STEPS = Object.entries(await MIGRATIONS.getMigrations());
const RELEASES = STEPS.map(([name], index) => ({ name, steps: STEPS.slice(0, index + 1) }));

/** A target folder with the ledger of an older xenferry: two jobs, one under way with a journal. */
async function olderTarget(steps: readonly (readonly [string, Migration])[]): Promise<string> {
  const target = mkdtempSync(join(folder, 'older-'));
  mkdirSync(join(target, '.xenferry'));
  const db = new Kysely<LedgerSchema>({
    dialect: new SqliteDialect(join(target, '.xenferry', 'ledger.sqlite')),
  });
  const provider = { getMigrations: async () => Object.fromEntries(steps) };
  const { error } = await new Migrator({ db, provider }).migrateToLatest();
  if (error !== undefined) throw error;
  // In the columns that all schemas have.
  await sql`INSERT INTO batches (id, sources, target, started_at, run) VALUES (1, 's', ${target}, 1000, 3)`.execute(
    db,
  );
  await sql`INSERT INTO jobs (batch_id, machine_id, position, state, planned, fingerprint, output_bytes)
    VALUES (1, 'vm0', 0, 'done', '{}', 'a', 4096), (1, 'vm1', 1, 'converting', '{}', 'a', NULL)`.execute(db);
  const digests = Buffer.from(BigUint64Array.from([7n, 0n, 9n]).buffer);
  await sql`INSERT INTO blocks (job_id, disk, first_block, unit_bits, digests)
    VALUES (2, 0, 0, ${Buffer.from([1, 0, 1])}, ${digests})`.execute(db);
  await db.destroy();
  return target;
}

async function expectKept(target: string): Promise<void> {
  const ledger = await Ledger.open({ folder: target });
  try {
    expect(await ledger.latestBatch()).toMatchObject({
      id: 1,
      sources: 's',
      startedAt: 1_000,
      finishedAt: null,
    });
    expect(await ledger.jobs(1)).toMatchObject([
      { machineId: 'vm0', state: 'done', outputBytes: 4096 },
      { machineId: 'vm1', state: 'converting', outputBytes: null },
    ]);
    expect(await ledger.journaledDataBlocks(2)).toBe(2);
    // What the run needs to go on.
    const batch = await ledger.beginBatch({ sources: 's', target, destination: '{}' });
    expect(batch).toBe(1);
    await ledger.enlist(batch, [
      { machineId: 'vm1', planned: '{}', fingerprint: 'a', name: 'vm', wave: 'all', dataBytes: 0 },
    ]);
    expect(await ledger.identity()).toMatch(/^[0-9a-f-]{36}$/);
  } finally {
    await ledger.close();
  }
}

describe.each(RELEASES)('a ledger with the schema $name', ({ steps }) => {
  it('is taken up by this xenferry with all that it knew', async () => {
    const target = await olderTarget(steps);
    await expectKept(target);
    await Ledger.open({ folder: target }).then((ledger) => ledger.close());
  });

  it('can be backed up as it is and restored', async () => {
    const target = await olderTarget(steps);
    const file = join(target, 'backup.sqlite');
    expect((await backUpLedger(target, file)).schema).toBe(steps.at(-1)?.[0]);
    const elsewhere = mkdtempSync(join(folder, 'restored-'));
    await restoreLedger(file, elsewhere);
    const ledger = await Ledger.open({ folder: elsewhere });
    expect(await ledger.jobs(1)).toHaveLength(2);
    await ledger.close();
  });
});
