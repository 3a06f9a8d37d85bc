import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Row, type SimulatedPool, startPool } from '../simulators/xapi-pool/index.js';
import { REPORT } from '../support/cli-documents.js';
import { expectSameContent } from '../support/oracles.js';
import { poolMigration } from '../support/pool-migration.js';
import { runCli, runJson } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';
import { POOL_CERTIFICATE } from '../support/xapi-caller.js';

const ESTATE = join(import.meta.dirname, '../../samples/estate');
const { folder } = tempFiles();
const OUT = join(folder, 'out');

let pool: SimulatedPool;
let migration: string;

beforeAll(async () => {
  pool = await startPool({
    certificate: POOL_CERTIFICATE,
    timings: { loginDelayMs: 0 },
    hosts: [{}, {}, {}],
    repositories: [{ name: 'Shared storage', type: 'nfs', size: 2 ** 40, shared: true }],
    networks: ['Office LAN', 'DMZ', 'Shop Front', 'VM Network', 'Backup'],
  });
  migration = poolMigration(folder, pool);
});

afterAll(() => pool.close());

function machines(): Row[] {
  return pool.objects.all('VM').filter((vm) => !vm.flag('is_a_template') && !vm.flag('is_control_domain'));
}

describe('an estate into a pool', () => {
  it('is refused at planning while the pool lacks what it needs', async () => {
    const { stdout, exitCode } = await runCli(['plan', ESTATE, '-m', migration]);
    expect(exitCode).toBe(3);
    expect(stdout).toContain('the pool has no usable network Shop Data (POOL_NETWORK_MISSING)');
    expect(machines()).toEqual([]);
  });

  it('is refused where the networks to be made, or the final places, cannot be', async () => {
    const elsewhere = poolMigration(folder, pool, {
      pool: {
        newNetworks: [
          { name: 'Wide', bond: { devices: ['eth7', 'eth8'] } },
          { name: 'Shop Data', vlan: { tag: 12, on: 'Wide' } },
        ],
        after: { move: { storage: [{ from: '*', to: 'Nowhere' }], host: 'nobody' } },
      },
    });
    const { stdout, exitCode } = await runCli(['plan', ESTATE, '-m', elsewhere]);
    expect(exitCode).toBe(3);
    expect(stdout).toContain('the network Wide cannot be made');
    expect(stdout).not.toContain('the network Shop Data cannot be made');
    expect(stdout).toContain('the pool has no repository Nowhere to move to (POOL_STORAGE_MISSING)');
    expect(stdout).toContain('the pool has no host nobody to move to (POOL_HOST_MISSING)');
  });

  it('arrives complete, and not twice', async () => {
    migration = poolMigration(folder, pool, {
      pool: { newNetworks: [{ name: 'Shop Data', vlan: { tag: 12, on: 'eth0' } }] },
    });
    const first = await runCli(['run', ESTATE, '-m', migration, '--fixups', 'off']);
    expect(first.exitCode, first.stderr).toBe(0);
    expect(first.stdout).toContain('6 of 6 machines done');
    const uuids = machines().map((vm) => vm.text('uuid'));
    expect(uuids).toHaveLength(6);
    for (const uuid of uuids) expect(first.stdout).toContain(`xe vm-start uuid=${uuid}`);
    const [db] = machines().filter((vm) => vm.text('name_label') === 'shop-db');
    expect(db?.text('appliance')).toBe(pool.objects.named('VM_appliance', 'shop').ref);

    const again = await runCli(['run', ESTATE, '-m', migration, '--fixups', 'off']);
    expect(again.exitCode, again.stderr).toBe(0);
    expect(machines().map((vm) => vm.text('uuid'))).toEqual(uuids);
  });

  it('holds what the source holds, unlocked', async () => {
    const [web] = machines().filter((vm) => vm.text('name_label') === 'web01');
    expect(web?.map('blocked_operations')).toEqual({});
    const disks = pool.objects
      .all('VBD')
      .filter((vbd) => vbd.text('VM') === web?.ref && vbd.text('type') === 'Disk');
    expect(disks.map((vbd) => vbd.text('userdevice'))).toEqual(['0']);
    const vmdk = { path: join(ESTATE, 'web01/web01-disk1.vmdk'), format: 'vmdk' };
    for (const vbd of disks) {
      await expectSameContent(vmdk, { path: pool.vdiFile(vbd.text('VDI')), format: 'raw' });
    }
  });

  it('is in the report', async () => {
    const { machines: reported } = await runJson(['report', OUT], REPORT);
    expect(reported.map(({ landed }) => landed).sort()).toEqual(
      machines()
        .map((vm) => vm.text('uuid'))
        .sort(),
    );
    expect(await readFile(join(OUT, 'report.html'), 'utf8')).toContain('xe vm-start uuid=');
  });

  it('can be taken away again, and nothing else with it', async () => {
    const others = pool.objects.all('network').length;
    expect((await runCli(['cleanup', OUT])).stdout).toBe('The pool has nothing to remove.');
    const { exitCode, stdout } = await runCli(['cleanup', OUT, '--all']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('removed VM web01');
    expect(machines()).toEqual([]);
    expect(pool.objects.all('VDI')).toEqual([]);
    expect(pool.objects.all('network')).toHaveLength(others - 1);
  });
});
