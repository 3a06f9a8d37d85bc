import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Ledger } from '../../src/ledger/index.js';
import { MIB } from '../../src/model/units.js';
import { writeBigEstate } from '../support/big-estate.js';
import { expectSoundHistory } from '../support/chaos.js';
import { expectErrorLines } from '../support/error-lines.js';
import { sha256Of } from '../support/file-facts.js';
import { whenStarted } from '../support/interrupted.js';
import { postgresPrograms, testPostgres } from '../support/postgres.js';
import { hasRedis, REDIS_PASSWORD, testRedis } from '../support/redis.js';
import { runCli, startCli, startCliWith } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';

const LEASE_SECONDS = '2';
const MACHINES = [
  { name: 'vm0', disks: [160 * MIB] },
  { name: 'vm1', disks: [128 * MIB] },
  { name: 'vm2', disks: [64 * MIB] },
];

const { folder } = tempFiles();
const programs = postgresPrograms();

describe.skipIf(programs === null || !hasRedis())('workers with their queue in Redis', () => {
  const postgres = testPostgres(programs ?? '');
  const redis = testRedis();

  it('end a batch whole when one of them is killed', { timeout: 180_000 }, async () => {
    const source = join(folder, 'source');
    const [target, undisturbed] = [join(folder, 'out'), join(folder, 'undisturbed')];
    mkdirSync(source);
    await writeBigEstate(source, MACHINES);
    expect(await runCli(['run', source, '--target', undisturbed])).toMatchObject({ exitCode: 0 });
    const url = await postgres.newDatabase();
    const place = ['--store', url, '--queue', 'env:XENFERRY_TEST_QUEUE'];
    const start = (...args: readonly string[]) =>
      startCliWith({ XENFERRY_TEST_QUEUE: redis.url('tls') }, [...args, ...place]);
    const startWorker = (name: string) =>
      start('worker', '--name', name, '--slots', '1', '--threads', '1', '--lease', LEASE_SECONDS);
    const [doomed, other] = [startWorker('doomed'), startWorker('other')];
    const run = start('run', source, '--target', target, '--on-workers');
    const ledger = await Ledger.open({ url });
    try {
      await whenStarted(run, () => hasSafeBlocks(ledger, target, 'doomed'));
      doomed.kill('SIGKILL');
      const { exitCode, stdout, stderr } = await run;
      expect(exitCode, stderr).toBe(0);
      other.kill('SIGTERM');
      const ended = await other;
      expect(ended.exitCode).toBe(0);
      for (const { name } of MACHINES) {
        const file = `${name}.xva`;
        expect(await sha256Of(join(target, file))).toBe(await sha256Of(join(undisturbed, file)));
      }
      await expectSoundHistory({ url }, target, MACHINES.length);
      const said = [stdout, stderr, ended.stderr, (await doomed).stderr, await postgres.dump(url)];
      for (const text of said) expect(text).not.toContain(REDIS_PASSWORD);
    } finally {
      await ledger.close();
      for (const one of [doomed, other, run]) one.kill('SIGKILL');
      await Promise.all([doomed, other, run]);
    }
  });

  it('say so when it lets them not in, or would drop what is in it', async () => {
    const worker = (queue: string) =>
      startCliWith({ XENFERRY_TEST_QUEUE: queue }, [
        ...['worker', '--store', 'env:XENFERRY_TEST_STORE', '--queue', 'env:XENFERRY_TEST_QUEUE'],
        '--verbose',
      ]);
    process.env.XENFERRY_TEST_STORE = await postgres.newDatabase();
    const refused = await worker(redis.url().replace(REDIS_PASSWORD, `${REDIS_PASSWORD}-wrong`));
    expect(refused.exitCode).toBe(5);
    expect(refused.stderr).toContain('LEDGER_UNAUTHORIZED');
    expect(refused.stderr).not.toContain(REDIS_PASSWORD);
    await redis.configure('maxmemory-policy', 'volatile-ttl');
    const dropping = await worker(redis.url());
    await redis.configure('maxmemory-policy', 'noeviction');
    expect(dropping.exitCode).toBe(2);
    expect(dropping.stderr).toContain('maxmemory-policy');
  });
});

describe('the URL of a queue', () => {
  it('with a password is refused on the command line', async () => {
    const { exitCode, stderr } = await startCli([
      ...['worker', '--store', 'postgres://me@127.0.0.1:1/x'],
      ...['--queue', 'redis://:s3cr3t@localhost'],
    ]);
    expect(exitCode).toBe(2);
    expectErrorLines(stderr, { code: 'CONFIG_INVALID', names: ['password'] });
    expect(stderr).not.toContain('s3cr3t');
  });
});

/** Whether a worker has a machine under way that another could go on with. */
async function hasSafeBlocks(ledger: Ledger, target: string, worker: string): Promise<boolean> {
  const batch = await ledger.latestBatch(target);
  if (batch === null) return false;
  const jobs = await ledger.views.jobs(batch.id, {}, { by: 'plan', after: null }, 100);
  const [job] = jobs.filter((one) => one.worker === worker && one.state === 'converting');
  return job !== undefined && (await ledger.journaledDataBlocks(job.id)) > 0;
}
