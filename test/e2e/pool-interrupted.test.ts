import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Row, type SimulatedPool, startPool } from '../simulators/xapi-pool/index.js';
import { expectEndsAtSigint, whenStarted } from '../support/interrupted.js';
import { poolMigration } from '../support/pool-migration.js';
import { runCli, startCli } from '../support/run-cli.js';
import { type SmallMachine, writeSmallEstate } from '../support/small-estate.js';
import { tempFiles } from '../support/temp-files.js';
import { POOL_CERTIFICATE } from '../support/xapi-caller.js';

const PASSWORD = 'pa55w0rd-of-the-p00l';
const { folder } = tempFiles();
const estate = join(folder, 'estate');
let machines: SmallMachine[];
let pool: SimulatedPool;
let migration: string;
let out: string;

beforeAll(async () => {
  machines = await writeSmallEstate(estate, 4);
});

let run = 0;

beforeEach(async () => {
  pool = await startPool({
    certificate: POOL_CERTIFICATE,
    users: [{ name: 'root', password: PASSWORD, role: 'pool-admin' }],
    timings: { loginDelayMs: 0 },
    hosts: [{}, {}],
    repositories: [{ name: 'Shared storage', type: 'nfs', size: 2 ** 40, shared: true }],
    networks: ['Office LAN', 'DMZ', 'Backup'],
  });
  run += 1;
  out = join(folder, `out-${run}`);
  migration = poolMigration(folder, pool, { target: { folder: out } });
  writeFileSync(join(folder, 'pool.secret'), PASSWORD);
});

afterEach(() => pool.close());

function command(): string[] {
  return ['run', estate, '-m', migration, '--fixups', 'off'];
}

function vms(): Row[] {
  return pool.objects.all('VM').filter((vm) => !vm.flag('is_a_template') && !vm.flag('is_control_domain'));
}

function disks(): number {
  return machines.reduce((sum, machine) => sum + machine.disks.length, 0);
}

function expectComplete(): void {
  expect(
    vms()
      .map((vm) => vm.text('name_label'))
      .sort(),
  ).toEqual(machines.map(({ name }) => name));
  for (const vm of vms()) expect(vm.map('blocked_operations')).toEqual({});
  expect(pool.objects.all('VDI')).toHaveLength(disks());
}

describe('a run into a pool', () => {
  it('that is killed at any moment leaves nothing that could start by half, and is completed by the next', async () => {
    for (let kill = 0; kill < 6; kill++) {
      const running = startCli(command());
      await whenStarted(running, () => vms().length > 0 || pool.objects.all('VDI').length > 0);
      await delay(kill * 60);
      running.kill('SIGKILL');
      await running;
      await pool.settled();
      const finished = vms().filter((vm) => Object.keys(vm.map('blocked_operations')).length === 0);
      for (const vm of finished) {
        const machine = machines.find(({ name }) => name === vm.text('name_label'));
        const attached = pool.objects
          .all('VBD')
          .filter((vbd) => vbd.text('VM') === vm.ref && vbd.text('type') === 'Disk');
        expect(attached).toHaveLength(machine?.disks.length ?? -1);
      }
      if (finished.length === machines.length) break;
    }
    const last = await runCli(command());
    expect(last.exitCode, last.stderr).toBe(0);
    expectComplete();
  }, 120_000);

  it('stops at SIGINT, takes away what is not whole, and goes on from there', async () => {
    pool.faults.next('PUT /import_raw_vdi', { kind: 'slow', bytesPerSecond: 1_000_000 }, 20);
    const running = startCli(command());
    await whenStarted(running, () => pool.objects.all('VDI').length > 0);
    await expectEndsAtSigint(running);
    await pool.settled();
    const whole = vms().filter((vm) => Object.keys(vm.map('blocked_operations')).length === 0).length;
    expect(vms()).toHaveLength(whole);
    pool.faults.clear();
    const last = await runCli(command());
    expect(last.exitCode, last.stderr).toBe(0);
    expectComplete();
  }, 60_000);

  it('never tells the password', async () => {
    pool.faults.next('VDI.create', {
      kind: 'failure',
      code: 'SR_BACKEND_FAILURE_46',
      params: ['', 'gone', ''],
    });
    const said: string[] = [];
    for (const options of [[], ['--json', '--verbose']]) {
      const { stdout, stderr } = await runCli([...command(), ...options]);
      said.push(stdout, stderr);
    }
    writeFileSync(join(folder, 'pool.secret'), `${PASSWORD}-wrong`);
    const refused = await runCli([...command(), '--verbose']);
    expect(refused.stderr).toContain('POOL_UNAUTHORIZED');
    said.push(refused.stdout, refused.stderr, ...filesIn(out));
    for (const text of said) expect(text).not.toContain(PASSWORD);
  }, 60_000);
});

/** The text of every file below a folder. */
function filesIn(path: string): string[] {
  if (!statSync(path).isDirectory()) return [readFileSync(path, 'latin1')];
  return readdirSync(path).flatMap((name) => filesIn(join(path, name)));
}
