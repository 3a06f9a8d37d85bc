import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Ledger } from '../../src/ledger/index.js';
import { BLOCK_BYTES, MIB } from '../../src/model/units.js';
import { writeBigEstate } from '../support/big-estate.js';
import { expectSoundHistory, expectSurvivesChaos } from '../support/chaos.js';
import { expectErrorLines } from '../support/error-lines.js';
import { sha256Of } from '../support/file-facts.js';
import { whenStarted } from '../support/interrupted.js';
import { postgresPrograms, testPostgres } from '../support/postgres.js';
import { runCli, startCli } from '../support/run-cli.js';
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

  it('take a job over from its last safe block, and a late owner does no harm', async () => {
    const at = mkdtempSync(join(folder, 'late-'));
    const source = join(at, 'source');
    const target = join(at, 'out');
    const url = await postgres.newDatabase();
    mkdirSync(source);
    await writeBigEstate(source, [{ name: 'vm', disks: [512 * MIB] }]);
    expect(await runCli(['run', source, '--target', join(at, 'plain')])).toMatchObject({ exitCode: 0 });
    const startWorker = (name: string) =>
      startCli(['worker', '--store', url, '--name', name, '--slots', '1', '--threads', '1', '--lease', '2']);
    const late = startWorker('late');
    const run = startCli(['run', source, '--target', target, '--store', url, '--on-workers']);
    const ledger = await Ledger.open({ url });
    try {
      const job = await firstJob(ledger);
      await whenStarted(run, async () => (await ledger.journaledDataBlocks(job)) > 0);
      expect(late.kill('SIGSTOP')).toBe(true);
      const safe = await ledger.journaledDataBlocks(job);
      const other = startWorker('other');
      try {
        await whenStarted(
          run,
          async () => (await ledger.events.last()) > 0 && (await ownerOf(ledger)) === 'other',
        );
        late.kill('SIGCONT');
        const { exitCode, stderr } = await run;
        expect(exitCode, stderr).toBe(0);
        const [converted] = (await ledger.steps(job)).filter(({ name }) => name === 'convert');
        // What was safe already was not converted again.
        expect(converted?.bytes).toBeLessThanOrEqual(512 * MIB - safe * BLOCK_BYTES);
        expect(await sha256Of(join(target, 'vm.xva'))).toBe(await sha256Of(join(at, 'plain', 'vm.xva')));
        const workers = await ledger.workers.all();
        expect(workers.map(({ name, endedAt }) => [name, endedAt])).toEqual([
          ['late', null],
          ['other', null],
        ]);
        // Both are of use still, and end when they are asked to.
        late.kill('SIGTERM');
        expect((await late).exitCode).toBe(0);
        expect((await ledger.workers.all()).find(({ name }) => name === 'late')?.endedAt).toBeGreaterThan(0);
        await expectSoundHistory({ url }, target, 1);
      } finally {
        other.kill('SIGKILL');
        await other;
      }
    } finally {
      await ledger.close();
      for (const one of [late, run]) one.kill('SIGKILL');
      await Promise.all([late, run]);
    }
  });

  it('hand over what they run when they are asked to end', async () => {
    const at = mkdtempSync(join(folder, 'ending-'));
    const source = join(at, 'source');
    const url = await postgres.newDatabase();
    mkdirSync(source);
    await writeBigEstate(source, [{ name: 'vm', disks: [384 * MIB] }]);
    // A lease that outlives the test: nobody is taken for dead.
    const startWorker = () =>
      startCli(['worker', '--store', url, '--slots', '1', '--threads', '1', '--lease', '600']);
    const first = startWorker();
    const run = startCli(['run', source, '--target', join(at, 'out'), '--store', url, '--on-workers']);
    const ledger = await Ledger.open({ url });
    try {
      const job = await firstJob(ledger);
      await whenStarted(run, async () => (await ledger.journaledDataBlocks(job)) > 0);
      first.kill('SIGTERM');
      expect((await first).exitCode).toBe(0);
      const second = startWorker();
      const { exitCode, stderr } = await run;
      second.kill('SIGKILL');
      await second;
      expect(exitCode, stderr).toBe(0);
      await expectSoundHistory({ url }, join(at, 'out'), 1);
    } finally {
      await ledger.close();
      run.kill('SIGKILL');
      await run;
    }
  });

  it('ends a run that lost its hold on the target, and the same command goes on', async () => {
    const at = mkdtempSync(join(folder, 'lost-'));
    const source = join(at, 'source');
    const url = await postgres.newDatabase();
    mkdirSync(source);
    await writeBigEstate(
      source,
      ['first', 'second'].map((name) => ({ name, disks: [256 * MIB] })),
    );
    const command = ['run', source, '--target', join(at, 'out'), '--store', url, '--parallel', '1'];
    const run = startCli([...command, '--workers', '1']);
    const ledger = await Ledger.open({ url });
    try {
      const job = await firstJob(ledger);
      await whenStarted(run, async () => (await ledger.journaledDataBlocks(job)) > 0);
      await postgres.dropConnections(url);
      const { exitCode, stderr } = await run;
      expect(exitCode, stderr).toBe(5);
      expectErrorLines(stderr, { code: 'LEDGER_UNREACHABLE', names: [join(at, 'out')] });
      const batch = await ledger.latestBatch();
      expect((await ledger.jobs(batch?.id ?? 0)).map(({ state }) => state)).toEqual(['paused', 'planned']);
      expect((await runCli(command)).exitCode).toBe(0);
      await expectSoundHistory({ url }, join(at, 'out'), 2);
    } finally {
      await ledger.close();
      run.kill('SIGKILL');
      await run;
    }
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

/** The id of the only job there will be. */
async function firstJob(ledger: Ledger): Promise<number> {
  for (;;) {
    const batch = await ledger.latestBatch();
    const [job] = batch === null ? [] : await ledger.jobs(batch.id);
    if (job !== undefined) return job.id;
    await delay(20);
  }
}

/** Name of the worker that wrote last. */
async function ownerOf(ledger: Ledger): Promise<unknown> {
  const [last] = await ledger.events.read({ after: (await ledger.events.last()) - 1, limit: 1 });
  const data = last?.data;
  return typeof data === 'object' && data !== null && 'worker' in data ? data.worker : null;
}
