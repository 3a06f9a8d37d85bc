import { mkdtempSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { Ledger } from '../../src/ledger/index.js';
import { MIB } from '../../src/model/units.js';
import { writeBigEstate } from '../support/big-estate.js';
import { STATUS } from '../support/cli-documents.js';
import { expectErrorLines } from '../support/error-lines.js';
import { visibleFiles } from '../support/file-facts.js';
import { hasBytes, whenStarted } from '../support/interrupted.js';
import { postgresPrograms, testPostgres } from '../support/postgres.js';
import { runCli, runJson, startCli } from '../support/run-cli.js';
import { startServeCli } from '../support/serve-cli.js';
import { testStores } from '../support/stores.js';
import { tempFiles } from '../support/temp-files.js';

const EVERY_DAY = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const { folder, put } = tempFiles();
const source = join(folder, 'source');
const programs = postgresPrograms();

beforeAll(async () => {
  await mkdir(source);
  await writeBigEstate(source, [
    { name: 'alpha', disks: [96 * MIB] },
    { name: 'beta', disks: [16 * MIB] },
  ]);
});

/** Slow enough to be given orders. */
async function slowMigration(target: string): Promise<string> {
  const file = `${target}.yaml`;
  const migration = {
    version: 1,
    sources: [{ path: source }],
    target: { folder: target },
    fixups: 'off',
    limits: { threads: 1, machinesAtOnce: 1 },
    windows: { always: { days: EVERY_DAY, from: '00:00', to: '00:00' } },
    bandwidth: [{ window: 'always', mibPerSecond: 40 }],
  };
  await writeFile(file, stringify(migration));
  return file;
}

describe.skipIf(programs === null)('with the ledger in PostgreSQL', () => {
  const postgres = testPostgres(programs ?? '');

  it('a run is watched, given orders, reported on, and not cleaned up after while it goes on', {
    timeout: 90_000,
  }, async () => {
    const target = join(folder, 'watched');
    const url = await postgres.newDatabase();
    const at = [target, '--store', url];
    const stateOf = async (name: string) => {
      const { machines } = await runJson(['status', ...at], STATUS);
      return machines.find((machine) => machine.name === name)?.state;
    };
    const patience = { timeout: 30_000, interval: 100 };

    const run = startCli(['run', '-m', await slowMigration(target), '--store', url]);
    await whenStarted(run, () => hasBytes(join(target, 'alpha.xva.partial'), 12 * MIB));
    expect(await runCli(['pause', ...at, '--machine', 'alpha'])).toMatchObject({
      exitCode: 0,
      stdout: 'alpha: paused',
    });
    await expect.poll(() => stateOf('beta'), patience).toBe('done');
    expect(await stateOf('alpha')).toBe('paused');
    const cleanup = await runCli(['cleanup', ...at]);
    expect(cleanup.exitCode).toBe(5);
    expectErrorLines(cleanup.stderr, { code: 'TARGET_BUSY', names: [target] });
    expect(await runCli(['resume', ...at])).toMatchObject({ exitCode: 0 });
    const { exitCode, stderr } = await run;
    expect(exitCode, stderr).toBe(0);

    const ledger = await Ledger.openForReading({ url });
    const { id } = (await ledger.latestBatch(target)) ?? { id: 0 };
    await ledger.close();
    await writeFile(join(target, 'report.json'), 'lost');
    const reported = await runCli(['report', '--store', url, '--batch', String(id)]);
    expect(reported.stdout).toContain(join(target, 'report.html'));
    expect(JSON.parse(await readFile(join(target, 'report.json'), 'utf8'))).toMatchObject({
      totals: { done: 2 },
    });
    const idle = await runCli(['retry', ...at]);
    expect(idle.exitCode).toBe(2);
    expect(idle.stderr).toContain('nothing runs');
    expect((await runCli(['cleanup', ...at])).stderr).toContain('not into a pool');
  });

  it('a batch that it does not have is said', async () => {
    const url = await postgres.newDatabase();
    const empty = await runCli(['status', folder, '--store', url]);
    expect(empty.exitCode).toBe(5);
    expectErrorLines(empty.stderr, { code: 'SOURCE_NOT_FOUND', names: ['no run of xenferry'] });
    await (await Ledger.open({ url })).close();
    const other = await runCli(['status', folder, '--store', url]);
    expectErrorLines(other.stderr, { code: 'SOURCE_NOT_FOUND', names: [folder] });
    const unknown = await runCli(['status', '--store', url, '--batch', '7']);
    expectErrorLines(unknown.stderr, { code: 'SOURCE_NOT_FOUND', names: ['no batch 7'] });
    expect((await runCli(['status', '--store', url, '--batch', 'last'])).exitCode).toBe(2);
  });

  it('serve is the only one at its store, makes tokens there, and ends when it may not be', {
    timeout: 90_000,
  }, async () => {
    const url = await postgres.newDatabase();
    const store = ['--store', `file:${put('store-url', `${url}\n`).path}`];
    const home = mkdtempSync(join(folder, 'home-'));
    const first = await startServeCli(home, store);
    const second = await runCli([
      ...['serve', '--home', mkdtempSync(join(folder, 'home-')), '--listen', '127.0.0.1:0'],
      ...store,
    ]);
    expect(second.exitCode).toBe(5);
    expectErrorLines(second.stderr, { code: 'TARGET_BUSY', names: ['another xenferry serve'] });

    const TOKEN = z.object({ token: z.string() });
    const { token } = await runJson(['token', 'create', 'night', '--role', 'viewer', ...store], TOKEN);
    const session = await fetch(`${first.url}/v1/session`, { headers: { authorization: `Bearer ${token}` } });
    expect(await session.json()).toMatchObject({ role: 'viewer' });
    expect((await runCli(['token', 'list', ...store])).stdout).toContain('night');
    expect((await runCli(['token', 'list'])).exitCode).toBe(2);

    await postgres.dropConnections(url);
    const { exitCode, stderr } = await first.process;
    expect(exitCode).toBe(5);
    expect(stderr).toContain('LEDGER_UNREACHABLE');
    // The place is free again.
    const third = await startServeCli(home, store);
    third.process.kill('SIGTERM');
    expect((await third.process).exitCode).toBe(0);
  });
});

describe.each(testStores())('a service with its ledger in $name', ({ newPlace }) => {
  it('runs batches that commands name by their number', { timeout: 60_000 }, async () => {
    const home = mkdtempSync(join(folder, 'home-'));
    const place = await newPlace(home);
    const store = ['--store', 'url' in place ? place.url : home];
    const service = await startServeCli(home, store);
    const second = await runCli(['serve', '--home', home, '--listen', '127.0.0.1:0', ...store]);
    expect(second.exitCode).toBe(5);
    expectErrorLines(second.stderr, { code: 'TARGET_BUSY', names: ['another xenferry'] });

    const exports = join(home, 'exports');
    await mkdir(exports);
    await writeBigEstate(exports, [{ name: 'gamma', disks: [4 * MIB] }]);
    const migration = 'version: 1\nsources: [{path: exports}]\nfixups: off\n';
    const filed = await fetch(`${service.url}/v1/batches`, {
      method: 'POST',
      headers: { authorization: `Bearer ${service.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'night', migration, start: true }),
    });
    const { id } = z.object({ id: z.number() }).parse(await filed.json());
    const status = ['status', ...store, '--batch', String(id)];
    await expect
      .poll(async () => (await runJson(status, STATUS)).machines.map(({ state }) => state), {
        timeout: 30_000,
        interval: 300,
      })
      .toEqual(['done']);
    expect(await visibleFiles(join(home, 'batches', 'night'))).toContain('gamma.xva');
    service.process.kill('SIGTERM');
    expect((await service.process).exitCode).toBe(0);
  });
});
