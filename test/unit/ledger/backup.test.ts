import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { backUpLedger, checkLedgerFile, Ledger, restoreLedger } from '../../../src/ledger/index.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder, put } = tempFiles();
const newFolder = () => mkdtempSync(join(folder, 'target-'));
const newFile = () => join(newFolder(), 'backup.sqlite');
const ledgerOf = (target: string) => join(target, '.xenferry', 'ledger.sqlite');

/** A ledger that stays open, as a run has it, with jobs of these names. */
async function running(target: string, ...machines: readonly string[]): Promise<Ledger> {
  const ledger = await Ledger.open({ folder: target });
  const batch = await ledger.beginBatch({ sources: 's', target, destination: '{}' });
  await ledger.enlist(
    batch,
    machines.map((machineId) => ({
      machineId,
      planned: '{}',
      fingerprint: 'a',
      name: 'vm',
      wave: 'all',
      dataBytes: 0,
    })),
  );
  return ledger;
}

async function made(...machines: readonly string[]): Promise<string> {
  const target = newFolder();
  await (await running(target, ...machines)).close();
  return target;
}

async function machinesOf(target: string): Promise<string[]> {
  const ledger = await Ledger.open({ folder: target });
  try {
    const batch = await ledger.latestBatch();
    return (await ledger.jobs(batch?.id ?? 0)).map(({ machineId }) => machineId);
  } finally {
    await ledger.close();
  }
}

/** Changes a database with a program that is not ours. */
function changeBySqlite(file: string, statement: string): void {
  const script =
    'import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1])\ndb.execute(sys.argv[2])\ndb.commit()';
  execFileSync('python3', ['-c', script, file, statement]);
}

/** Overwrites the middle of a file. */
function damage(file: string): void {
  const bytes = readFileSync(file);
  bytes.fill(0xa5, Math.floor(bytes.length / 4), Math.floor((bytes.length * 3) / 4));
  writeFileSync(file, bytes);
}

describe('a backup of a ledger', () => {
  it('made while a run writes has all that was written by then, and comes back whole', async () => {
    const target = newFolder();
    const file = newFile();
    const ledger = await running(target, 'web01', 'db01');
    expect(await backUpLedger(target, file)).toMatchObject({ batches: 1, jobs: 2 });
    await ledger.close();
    const elsewhere = newFolder();
    expect(await restoreLedger(file, elsewhere)).toMatchObject({ jobs: 2, kept: null });
    expect(await machinesOf(elsewhere)).toEqual(['web01', 'db01']);
  });

  it('is read by SQLite itself', async () => {
    const file = newFile();
    await backUpLedger(await made('web01'), file);
    const script =
      'import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1])\n' +
      "print(db.execute('PRAGMA integrity_check').fetchone()[0], db.execute('SELECT machine_id FROM jobs').fetchall())";
    expect(execFileSync('python3', ['-c', script, file], { encoding: 'utf8' })).toBe("ok [('web01',)]\n");
  });

  it('replaces an older one, but never the ledger itself', async () => {
    const target = await made('web01');
    const file = newFile();
    put('old', 'something else');
    writeFileSync(file, 'an older backup');
    await backUpLedger(target, file);
    expect((await checkLedgerFile(file)).jobs).toBe(1);
    await expect(backUpLedger(target, ledgerOf(target))).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect(readdirSync(join(file, '..'))).toEqual(['backup.sqlite']);
  });

  it('is not made of a damaged ledger, and leaves nothing behind', async () => {
    const target = await made(...Array.from({ length: 400 }, (_, number) => `vm${number}`));
    damage(ledgerOf(target));
    const file = newFile();
    await expect(backUpLedger(target, file)).rejects.toMatchObject({ code: 'LEDGER_INVALID' });
    expect(readdirSync(join(file, '..'))).toEqual([]);
  });

  it('needs a ledger and a folder to go to', async () => {
    await expect(backUpLedger(newFolder(), newFile())).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
    const nowhere = join(newFolder(), 'missing', 'backup.sqlite');
    await expect(backUpLedger(await made('web01'), nowhere)).rejects.toMatchObject({
      code: 'TARGET_UNWRITABLE',
    });
  });
});

describe('restoring a ledger', () => {
  it('keeps the one that was there', async () => {
    const file = newFile();
    await backUpLedger(await made('old'), file);
    const target = await made('new');
    const { kept } = await restoreLedger(file, target);
    expect(await machinesOf(target)).toEqual(['old']);
    const elsewhere = newFolder();
    await restoreLedger(kept ?? '', elsewhere);
    expect(await machinesOf(elsewhere)).toEqual(['new']);
  });

  it('mends a damaged one, whose bytes are kept', async () => {
    const file = newFile();
    const target = await made(...Array.from({ length: 400 }, (_, number) => `vm${number}`));
    await backUpLedger(target, file);
    damage(ledgerOf(target));
    const bytes = readFileSync(ledgerOf(target));
    const { kept } = await restoreLedger(file, target);
    expect(await machinesOf(target)).toHaveLength(400);
    expect(readFileSync(kept ?? '').equals(bytes)).toBe(true);
  });

  it('has nothing of the old log played into the restored one', async () => {
    const file = newFile();
    const target = await made('old');
    await backUpLedger(target, file);
    // A run that was killed leaves its log behind.
    const killed = await running(target, 'new1', 'new2');
    for (const part of ['', '-wal', '-shm']) {
      writeFileSync(join(folder, `killed${part}`), readFileSync(ledgerOf(target) + part));
    }
    await killed.close();
    for (const part of ['', '-wal', '-shm']) {
      writeFileSync(ledgerOf(target) + part, readFileSync(join(folder, `killed${part}`)));
    }
    const { kept } = await restoreLedger(file, target);
    expect(await machinesOf(target)).toEqual(['old']);
    expect((await checkLedgerFile(kept ?? '')).jobs).toBe(3);
  });

  it('is refused while a run works there', async () => {
    const file = newFile();
    await backUpLedger(await made('old'), file);
    const target = newFolder();
    const ledger = await running(target, 'new');
    await expect(restoreLedger(file, target)).rejects.toMatchObject({ code: 'TARGET_BUSY' });
    await ledger.close();
    expect(await machinesOf(target)).toEqual(['new']);
  });

  it.each([
    ['text', () => put('text', 'not a database').path],
    ['an empty file', () => put('empty', '').path],
    [
      'another database',
      () => {
        const file = join(newFolder(), 'other.sqlite');
        changeBySqlite(file, 'CREATE TABLE jobs (name TEXT)');
        return file;
      },
    ],
  ])('is refused with %s, and nothing is changed', async (_what, file) => {
    const target = await made('new');
    await expect(restoreLedger(file(), target)).rejects.toMatchObject({ code: 'LEDGER_INVALID' });
    expect(await machinesOf(target)).toEqual(['new']);
    expect(readdirSync(join(target, '.xenferry')).filter((name) => /partial|before/.test(name))).toEqual([]);
  });

  it('is refused with the ledger of a newer xenferry', async () => {
    const file = newFile();
    await backUpLedger(await made('old'), file);
    changeBySqlite(file, "INSERT INTO kysely_migration VALUES ('9999-tomorrow', '2030-01-01')");
    await expect(restoreLedger(file, newFolder())).rejects.toMatchObject({
      code: 'LEDGER_INVALID',
      message: expect.stringContaining('9999-tomorrow'),
    });
  });
});

describe('a ledger of a newer xenferry', () => {
  it('is neither written nor read, and stays as it is', async () => {
    const target = await made('web01');
    changeBySqlite(ledgerOf(target), "INSERT INTO kysely_migration VALUES ('9999-tomorrow', '2030-01-01')");
    const refused = {
      code: 'LEDGER_INVALID',
      message: expect.stringContaining('newer xenferry'),
      hint: expect.not.stringContaining('Move'),
    };
    await expect(Ledger.open({ folder: target })).rejects.toMatchObject(refused);
    // Neither does it keep the lock.
    await expect(Ledger.open({ folder: target })).rejects.toMatchObject(refused);
    await expect(Ledger.openForReading({ folder: target })).rejects.toMatchObject(refused);
  });
});

describe('the check of a ledger', () => {
  it('finds a job without a batch', async () => {
    const target = await made('web01');
    changeBySqlite(ledgerOf(target), 'DELETE FROM batches');
    await expect(checkLedgerFile(ledgerOf(target))).rejects.toMatchObject({
      code: 'LEDGER_INVALID',
      message: expect.stringContaining('jobs'),
    });
  });

  it('says that there is none', async () => {
    mkdirSync(join(folder, 'nothing'), { recursive: true });
    await expect(checkLedgerFile(ledgerOf(join(folder, 'nothing')))).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
    });
  });
});
