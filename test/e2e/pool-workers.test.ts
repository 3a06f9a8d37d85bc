import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Ledger } from '../../src/ledger/index.js';
import { type Row, type SimulatedPool, startPool } from '../simulators/xapi-pool/index.js';
import { expectSoundHistory } from '../support/chaos.js';
import { whenStarted } from '../support/interrupted.js';
import { expectSameContent } from '../support/oracles.js';
import { poolMigration } from '../support/pool-migration.js';
import { postgresPrograms, testPostgres } from '../support/postgres.js';
import { startCliWith } from '../support/run-cli.js';
import { tracesOf } from '../support/simulated-pool.js';
import { type SmallMachine, writeSmallEstate } from '../support/small-estate.js';
import { tempFiles } from '../support/temp-files.js';
import { POOL_CERTIFICATE } from '../support/xapi-caller.js';

const PASSWORD = 'pa55w0rd-of-the-p00l';
/** Where the migration file says that each machine finds it. */
const VARIABLE = 'XENFERRY_TEST_POOL_PASSWORD';
const LEASE_SECONDS = '2';

const { folder } = tempFiles();
const programs = postgresPrograms();

async function newPool(): Promise<SimulatedPool> {
  const pool = await startPool({
    certificate: POOL_CERTIFICATE,
    users: [{ name: 'root', password: PASSWORD, role: 'pool-admin' }],
    timings: { loginDelayMs: 0 },
    hosts: [{}, {}],
    repositories: [{ name: 'Shared storage', type: 'nfs', size: 2 ** 40, shared: true }],
    networks: ['Office LAN', 'DMZ', 'Backup'],
  });
  onTestFinished(() => pool.close());
  return pool;
}

function vmsOf(pool: SimulatedPool): Row[] {
  return pool.objects.all('VM').filter((vm) => !vm.flag('is_a_template') && !vm.flag('is_control_domain'));
}

describe.skipIf(programs === null)('workers at a pool', () => {
  const postgres = testPostgres(programs ?? '');

  it('bring a batch there whole when one of them is killed, and nobody writes the password down', {
    timeout: 120_000,
  }, async () => {
    const pool = await newPool();
    const source = join(folder, 'estate');
    const machines = await writeSmallEstate(source, 4);
    const out = join(folder, 'out');
    const url = await postgres.newDatabase();
    const migration = poolMigration(folder, pool, {
      target: { folder: out },
      pool: { password: { environment: VARIABLE } },
    });
    const start = (...args: readonly string[]) => startCliWith({ [VARIABLE]: PASSWORD }, args);
    const startWorker = (name: string) => {
      const limits = ['--slots', '1', '--threads', '1', '--lease', LEASE_SECONDS];
      return start('worker', '--store', url, '--name', name, ...limits);
    };
    const command = ['run', source, '-m', migration, '--fixups', 'off', '--store', url, '--on-workers'];
    // Some disks take seconds, so that one is under way when its worker dies.
    pool.faults.next('PUT /import_raw_vdi', { kind: 'slow', bytesPerSecond: 2_000_000 }, 3);
    const said: string[] = [];
    const [doomed, other] = [startWorker('doomed'), startWorker('other')];
    const run = start(...command);
    const ledger = await Ledger.open({ url });
    try {
      await whenStarted(run, async () => (await importsOf(ledger, out, 'doomed')) && hasDisks(pool));
      doomed.kill('SIGKILL');
      const { exitCode, stdout, stderr } = await run;
      expect(exitCode, stderr).toBe(0);
      other.kill('SIGTERM');
      for (const { stdout, stderr } of [await doomed, await other]) said.push(stdout, stderr);
      said.push(stdout, stderr);
    } finally {
      await ledger.close();
      for (const one of [doomed, other, run]) one.kill('SIGKILL');
      await Promise.all([doomed, other, run]);
    }
    await pool.settled();
    await expectWhole(pool, machines);
    await expectSoundHistory({ url }, out, machines.length);

    const uuids = vmsOf(pool).map((vm) => vm.text('uuid'));
    const again = await start(...command);
    expect(again.exitCode, again.stderr).toBe(0);
    expect(vmsOf(pool).map((vm) => vm.text('uuid'))).toEqual(uuids);
    said.push(again.stdout, again.stderr, await postgres.dump(url), ...filesIn(out));
    for (const text of said) expect(text).not.toContain(PASSWORD);

    const cleaned = await start('cleanup', out, '--store', url, '--all');
    expect(cleaned.exitCode, cleaned.stderr).toBe(0);
    expect(tracesOf(pool)).toEqual([]);
  });
});

/** Whether a worker moves one of the machines now. */
async function importsOf(ledger: Ledger, target: string, worker: string): Promise<boolean> {
  const batch = await ledger.latestBatch(target);
  const jobs = batch === null ? [] : await ledger.views.jobs(batch.id, {}, { by: 'plan', after: null }, 100);
  return jobs.some((job) => job.worker === worker && job.state === 'converting');
}

function hasDisks(pool: SimulatedPool): boolean {
  return pool.objects.all('VDI').length > 1;
}

/** Every machine once, free to start, with its disks as the source has them, and nothing beside. */
async function expectWhole(pool: SimulatedPool, machines: readonly SmallMachine[]): Promise<void> {
  const vms = vmsOf(pool);
  const names = vms.map((vm) => vm.text('name_label'));
  expect(names.sort()).toEqual(machines.map(({ name }) => name));
  for (const vm of vms) {
    expect(vm.map('blocked_operations')).toEqual({});
    const { disks = [] } = machines.find(({ name }) => name === vm.text('name_label')) ?? {};
    const stored = pool.objects
      .all('VBD')
      .filter((vbd) => vbd.text('VM') === vm.ref && vbd.text('type') === 'Disk')
      .toSorted((a, b) => Number(a.text('userdevice')) - Number(b.text('userdevice')));
    expect(stored).toHaveLength(disks.length);
    for (const [index, { raw }] of disks.entries()) {
      const path = pool.vdiFile(stored[index]?.text('VDI') ?? '');
      await expectSameContent({ path: raw, format: 'raw' }, { path, format: 'raw' });
    }
  }
  expect(pool.objects.all('VDI')).toHaveLength(machines.reduce((sum, { disks }) => sum + disks.length, 0));
}

/** The text of every file below a folder. */
function filesIn(path: string): string[] {
  if (!statSync(path).isDirectory()) return [readFileSync(path, 'latin1')];
  return readdirSync(path).flatMap((name) => filesIn(join(path, name)));
}
