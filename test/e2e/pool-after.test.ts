import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AfterImport, PoolDestination } from '../../src/model/destination.js';
import { type PoolOptions, type Row, type SimulatedPool, startPool } from '../simulators/xapi-pool/index.js';
import { planBatch, poolDestination, runPoolBatch } from '../support/pool-batch.js';
import { type SmallMachine, writeSmallEstate } from '../support/small-estate.js';
import { tempFiles } from '../support/temp-files.js';
import { POOL_CERTIFICATE } from '../support/xapi-caller.js';

const { folder } = tempFiles();
const estate = join(folder, 'estate');
const PATIENCE = { connect: 2_000, idle: 10_000, pauseScale: 0.02 };
const NOTHING: AfterImport = { move: null, snapshot: null, start: null };
let machines: SmallMachine[];
let pool: SimulatedPool;
let run = 0;

beforeAll(async () => {
  machines = await writeSmallEstate(estate, 3);
  writeFileSync(join(folder, 'pool.secret'), 'simulated');
});

const POOL: PoolOptions = {
  certificate: POOL_CERTIFICATE,
  timings: { loginDelayMs: 0 },
  hosts: [{ name: 'xen1' }, { name: 'xen2' }],
  repositories: [
    { name: 'Landing', type: 'nfs', size: 2 ** 40, shared: true },
    { name: 'Final', type: 'nfs', size: 2 ** 40, shared: true },
  ],
  networks: ['Office LAN', 'DMZ', 'Backup'],
};

beforeEach(async () => {
  pool = await startPool(POOL);
  run += 1;
});

afterEach(() => pool.close());

async function planned(after: Partial<AfterImport>) {
  const destination: PoolDestination = poolDestination(
    folder,
    { url: pool.url, fingerprints: [POOL_CERTIFICATE.fingerprint] },
    { after: { ...NOTHING, ...after } },
  );
  return await planBatch({ source: estate, target: join(folder, `out-${run}`), destination });
}

function vms(of = pool): Row[] {
  return of.objects.all('VM').filter((vm) => !vm.flag('is_a_template') && !vm.flag('is_control_domain'));
}

function repositoriesOf(vm: Row, of = pool): string[] {
  return of.objects
    .all('VBD')
    .filter((vbd) => vbd.text('VM') === vm.ref && vbd.text('type') === 'Disk')
    .map((vbd) => of.objects.find('VDI', vbd.text('VDI'))?.text('SR') ?? '')
    .map((sr) => of.objects.find('SR', sr)?.text('name_label') ?? '');
}

const ALL_DONE = { done: 3, failed: 0, cancelled: 0, paused: 0, warnings: [] };

describe('after the import', () => {
  it('machines move to their final repository, get a snapshot and are started, once', async () => {
    const plan = await planned({
      move: { storage: [{ from: 'Land*', to: 'Final' }], host: null, pool: null, window: null },
      snapshot: 'as imported',
      start: { runningSeconds: 1, addressSeconds: null },
    });
    expect(await runPoolBatch(plan, { patience: PATIENCE })).toEqual(ALL_DONE);
    for (const vm of vms()) {
      expect(new Set(repositoriesOf(vm))).toEqual(new Set(['Final']));
      expect(vm.text('power_state')).toBe('Running');
      expect(vm.list('snapshots')).toHaveLength(1);
    }
    const before = pool.objects.all('VDI').length;
    expect(await runPoolBatch(plan, { patience: PATIENCE })).toEqual(ALL_DONE);
    expect(pool.objects.all('VDI')).toHaveLength(before);
    expect(vms()).toHaveLength(machines.length);
  }, 60_000);

  it('a step that fails is told, costs no machine, and is done by the next run', async () => {
    pool.faults.next('Async.VDI.copy', {
      kind: 'failure',
      code: 'SR_BACKEND_FAILURE_44',
      params: ['', '', ''],
    });
    pool.faults.next('Async.VM.start', { kind: 'failure', code: 'INTERNAL_ERROR', params: ['xenopsd'] });
    const plan = await planned({
      move: { storage: [{ from: '*', to: 'Final' }], host: null, pool: null, window: null },
      start: { runningSeconds: 1, addressSeconds: null },
    });
    const first = await runPoolBatch(plan, { patience: PATIENCE });
    expect(first).toMatchObject({ done: 3, failed: 0 });
    expect(first.warnings).toHaveLength(2);
    expect(first.warnings.join('\n')).toMatch(/vm00\d: It is not moved: .*\n.*vm00\d: It is not started: /);
    for (const vm of vms()) expect(vm.map('blocked_operations')).toEqual({});
    expect(await runPoolBatch(plan, { patience: PATIENCE })).toEqual(ALL_DONE);
    for (const vm of vms()) {
      expect(vm.text('power_state')).toBe('Running');
      expect(new Set(repositoriesOf(vm))).toEqual(new Set(['Final']));
    }
  }, 60_000);

  it('machines that another pool does not take stay where they were, free to be started', async () => {
    const other = await startPool(POOL);
    try {
      const pool2 = {
        url: other.url,
        user: 'root',
        password: { file: join(folder, 'pool.secret') },
        tlsFingerprints: [POOL_CERTIFICATE.fingerprint],
      };
      const storage = [{ from: '*', to: 'Nowhere' }];
      const plan = await planned({ move: { storage, host: null, pool: pool2, window: null } });
      const { warnings } = await runPoolBatch(plan, { patience: PATIENCE });
      expect(warnings).toHaveLength(machines.length);
      for (const warning of warnings) expect(warning).toContain('It is not moved: the pool has no Nowhere');
      expect(vms()).toHaveLength(machines.length);
      for (const vm of vms()) expect(vm.map('blocked_operations')).toEqual({});
      expect(vms(other)).toEqual([]);
    } finally {
      await other.close();
    }
  }, 60_000);

  it('machines go on to another pool, where they are started, and are not brought again', async () => {
    const other = await startPool(POOL);
    try {
      const plan = await planned({
        move: {
          storage: [{ from: '*', to: 'Final' }],
          host: 'xen2',
          pool: {
            url: other.url,
            user: 'root',
            password: { file: join(folder, 'pool.secret') },
            tlsFingerprints: [POOL_CERTIFICATE.fingerprint],
          },
          window: null,
        },
        start: { runningSeconds: 1, addressSeconds: null },
      });
      expect(await runPoolBatch(plan, { patience: PATIENCE })).toEqual(ALL_DONE);
      expect(vms()).toEqual([]);
      expect(vms(other).map((vm) => vm.text('power_state'))).toEqual(['Running', 'Running', 'Running']);
      for (const vm of vms(other)) expect(new Set(repositoriesOf(vm, other))).toEqual(new Set(['Final']));
      expect(await runPoolBatch(plan, { patience: PATIENCE })).toEqual(ALL_DONE);
      expect(vms()).toEqual([]);
    } finally {
      await other.close();
    }
  }, 60_000);
});
