import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MIB } from '../../src/model/units.js';
import { expectSurvivesChaos } from '../support/chaos.js';
import { postgresPrograms, testPostgres } from '../support/postgres.js';
import { runCli } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';

const KILLS = 5;
/** Another seed gives other moments; the one of a failed run is in its output. */
const SEED = Number(process.env.XENFERRY_TEST_SEED ?? Date.now() % 1_000_000);

const { folder } = tempFiles();
const programs = postgresPrograms();

describe.skipIf(programs === null)('several machines', () => {
  const postgres = testPostgres(programs ?? '');

  it(`end a batch whole when ${KILLS} of them are killed (XENFERRY_TEST_SEED=${SEED})`, {
    timeout: 240_000,
  }, async () => {
    const killed = await expectSurvivesChaos({
      folder: mkdtempSync(join(folder, 'chaos-')),
      place: { url: await postgres.newDatabase() },
      kills: KILLS,
      workers: 2,
      seed: SEED,
      machineBytes: [96 * MIB, 64 * MIB, 96 * MIB],
    });
    expect(killed).toBe(KILLS);
  });
});

describe('the place of the ledger', () => {
  it.each([
    [['worker', '--store', 'postgres://me:secr3t@db.example.com/x'], 'PGPASSWORD'],
    [['worker', '--store', 'postgres://me@db.example.com/x?sslmode=require'], 'verify-full'],
    [['worker', '--store', folder], 'PostgreSQL'],
    [['run', folder, '--on-workers'], '--store'],
  ])('is refused where it cannot be: %s', async (args, told) => {
    const { exitCode, stderr } = await runCli(args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(told);
    expect(stderr).not.toContain('secr3t');
  });

  it('that nobody answers at is told without its password', async () => {
    process.env.XENFERRY_TEST_STORE = 'postgres://me:secr3t@127.0.0.1:1/x';
    const { exitCode, stderr } = await runCli(['worker', '--store', 'env:XENFERRY_TEST_STORE']);
    expect(exitCode).toBe(5);
    expect(stderr).toContain('LEDGER_UNREACHABLE');
    expect(stderr).not.toContain('secr3t');
  });
});
