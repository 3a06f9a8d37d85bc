import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kysely } from 'kysely';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import {
  type BatchResult,
  planPrepared,
  readPlanning,
  rollBack,
  runBatch,
} from '../../src/coordinator/index.js';
import { loadProfiles } from '../../src/guests/profiles/index.js';
import { Ledger, type LedgerSchema } from '../../src/ledger/index.js';
import { SqliteDialect } from '../../src/ledger/sqlite-dialect.js';
import { MIB } from '../../src/model/units.js';
import { collectReport } from '../../src/report/index.js';
import { type PoolOptions, type Row, type SimulatedPool, startPool } from '../simulators/xapi-pool/index.js';
import { poolMigration } from '../support/pool-migration.js';
import { runCli, startCli } from '../support/run-cli.js';
import { services } from '../support/service.js';
import { PATIENCE } from '../support/simulated-pool.js';
import { type SimulatedVcenter, simulatedVcenter } from '../support/simulated-vcenter.js';
import { tempFiles } from '../support/temp-files.js';
import { loggedIn, textOf, type VcenterCaller } from '../support/vcenter-caller.js';
import { createMachines, type MachineSpec, type MadeMachine } from '../support/vcenter-machines.js';
import { logIn, POOL_CERTIFICATE } from '../support/xapi-caller.js';

const { folder } = tempFiles();
const serve = services();
const VSPHERE_PATIENCE = { connect: 2_000, idle: 5_000, pauseScale: 0.01 };
const BOTH_PATIENCES = { pool: PATIENCE, vsphere: VSPHERE_PATIENCE };
const MAC = '00:50:56:00:00:07';
const LIVE = {
  allow: ['shutDown', 'rename', 'disconnect'],
  afterwards: { rename: '{name} (moved)', disconnect: true },
};
const POOL: PoolOptions = {
  certificate: POOL_CERTIFICATE,
  timings: { loginDelayMs: 0 },
  hosts: [{ name: 'xen1' }, { name: 'xen2' }],
  repositories: [
    { name: 'Local', type: 'nfs', size: 2 ** 40, shared: true },
    { name: 'Final', type: 'nfs', size: 2 ** 40, shared: true },
  ],
  networks: ['VM Network'],
};
const RUNNING: MachineSpec = {
  name: 'web',
  disks: [{ content: Buffer.alloc(2 * MIB, 'web') }],
  nics: [{ mac: MAC }, { mac: '00:50:56:00:00:08', connected: false }],
  running: true,
  tools: true,
};

/** What an operator can see of a machine that a move changes. */
async function seen(caller: VcenterCaller, { ref }: MadeMachine) {
  const told = await caller.properties(
    ref,
    'name',
    'runtime.powerState',
    'config.changeTrackingEnabled',
    'config.hardware.device',
  );
  const cards = (told.get('config.hardware.device') ?? '')
    .split('<VirtualDevice')
    .filter((device) => device.includes('<macAddress>'))
    .map((device) => [
      textOf(device, 'macAddress'),
      textOf(device, 'startConnected'),
      textOf(device, 'connected'),
    ]);
  return [
    told.get('name'),
    told.get('runtime.powerState'),
    told.get('config.changeTrackingEnabled') ?? 'false',
    cards,
  ];
}

interface Moved {
  readonly vcenter: SimulatedVcenter;
  readonly caller: VcenterCaller;
  readonly web: MadeMachine;
  readonly pool: SimulatedPool;
  readonly target: string;
  /** As the machine was before its move. */
  readonly before: Awaited<ReturnType<typeof seen>>;
  run(): Promise<BatchResult>;
  back(wish?: object): ReturnType<typeof rollBack>;
  /** The VM that it became. */
  vm(): Row;
}

interface MoveWish {
  readonly live?: object;
  readonly spec?: MachineSpec;
  readonly into?: 'pool' | 'xl';
  /** `target.pool.after` of the migration file. */
  readonly after?: object;
}

/** A machine that was moved from a vCenter, into a pool unless told. */
async function moved({ live = LIVE, spec = RUNNING, into = 'pool', after }: MoveWish = {}): Promise<Moved> {
  const own = mkdtempSync(join(folder, 'case-'));
  const vcenter = await simulatedVcenter();
  const caller = await loggedIn(vcenter);
  const [web] = await createMachines(vcenter, caller, [spec]);
  if (web === undefined) throw new Error('nothing was made');
  const before = await seen(caller, web);
  const pool = await newPool();
  writeFileSync(join(own, 'vcenter.secret'), vcenter.password);
  const source = {
    vsphere: new URL(vcenter.url).origin,
    user: vcenter.user,
    password: { file: 'vcenter.secret' },
    tlsFingerprints: [vcenter.fingerprint],
  };
  const migration = poolMigration(own, pool, { sources: [source], live, ...(after && { pool: { after } }) });
  const { target: place, ...rest } = parse(readFileSync(migration, 'utf8'));
  const where = into === 'pool' ? place : { folder: place.folder, into };
  writeFileSync(migration, stringify({ ...rest, target: where, fixups: 'off' }));
  const target = join(own, 'out');
  const nothing = { sources: [], target: null, into: null, fixups: null, guestTools: null, ledger: null };
  // As the command does it: from what the source has now.
  const run = async () =>
    await runBatch({
      plan: await planPrepared(
        await readPlanning({ ...nothing, migration, only: [], fallbackTarget: 'out' }),
      ),
      profiles: await loadProfiles(),
      threads: 2,
      parallel: 2,
      checksum: 'xxhash',
      digest: 'xxh64',
      signal: new AbortController().signal,
      unattended: false,
      continues: false,
      observe: () => {},
      patience: PATIENCE,
      vspherePatience: VSPHERE_PATIENCE,
    });
  expect(await run()).toMatchObject({ done: 1, failed: 0 });
  const back = (wish: object = {}) =>
    withLedger(target, async (ledger) => {
      const batch = await ledger.latestBatch(target);
      if (batch === null) throw new Error('no batch');
      const signal = new AbortController().signal;
      return await rollBack(ledger, {
        batch,
        machines: [],
        act: true,
        force: false,
        signal,
        patience: BOTH_PATIENCES,
        ...wish,
      });
    });
  const vm = () => {
    const [found] = pool.objects.all('VM').filter((row) => row.text('name_label') === spec.name);
    if (found === undefined) throw new Error('no VM');
    return found;
  };
  return { vcenter, caller, web, pool, target, before, run, back, vm };
}

async function newPool(): Promise<SimulatedPool> {
  const pool = await startPool(POOL);
  onTestFinished(() => pool.close());
  return pool;
}

async function withLedger<T>(target: string, action: (ledger: Ledger) => Promise<T>): Promise<T> {
  const ledger = await Ledger.open({ folder: target });
  try {
    return await action(ledger);
  } finally {
    await ledger.close();
  }
}

/** Has a VM run as if somebody had started it. */
function start(pool: SimulatedPool, vm: Row): void {
  const [host] = pool.objects.all('host');
  vm.set({ power_state: 'Running', resident_on: host?.ref ?? '', domid: 5 });
}

describe('a machine that was moved from a vCenter into a pool', () => {
  it('is taken back: there as it was in every field, its VM halted, locked and kept', async () => {
    const { caller, web, before, pool, vm, back, target, run } = await moved();
    const there = await seen(caller, web);
    expect(there).not.toEqual(before);
    expect(await run()).toMatchObject({ done: 1, failed: 0 });
    expect(await seen(caller, web)).toEqual(there);
    start(pool, vm());
    const [preview] = await back({ act: false });
    expect(preview).toMatchObject({ name: 'web', state: 'ready', reason: null });
    expect(preview?.steps).toEqual([
      'target: shut down web (running)',
      'target: lock web, so that nobody starts it; it is kept',
      'source: give the machine its name back',
      'source: connect its network cards as they were',
      'source: start the machine',
    ]);
    expect(preview?.warnings.join()).toContain('is not brought back');
    expect(vm().text('power_state')).toBe('Running');
    expect(await back()).toMatchObject([{ name: 'web', state: 'rolledBack', reason: null }]);
    expect(await seen(caller, web)).toEqual(before);
    expect(vm().text('power_state')).toBe('Halted');
    expect(Object.keys(vm().map('blocked_operations'))).toEqual(expect.arrayContaining(['start', 'resume']));
    // No run moves it again, nor starts the other one.
    expect(await run()).toMatchObject({ done: 0, failed: 0, cancelled: 0 });
    expect(await seen(caller, web)).toEqual(before);
    expect(Object.keys(vm().map('blocked_operations'))).toContain('start');
    const status = await runCli(['status', target]);
    expect(status.stdout).toMatch(/web +rolled back/);
    expect(status.stdout).toContain('1 rolled back');
    const report = await withLedger(target, (ledger) => collectReport(ledger, target));
    expect(report?.machines[0]?.notes.join()).toMatch(
      /^Rolled back at .* kept, shut down and locked: web\.$/,
    );
    expect(await back({ machines: ['web'] })).toMatchObject([
      { state: 'refused', reason: { code: 'ROLLBACK_REFUSED', message: 'it was taken back already' } },
    ]);
  }, 60_000);

  it('can be moved again once it is retried and its VM is gone', async () => {
    const { vcenter, caller, web, pool, back, vm, target, run } = await moved();
    await back();
    const refused = await runCli(['retry', target]);
    expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining('nothing runs')]);
    expect((await runCli(['retry', target, '--machine', 'web'])).stdout).toContain('tried again as soon as');
    // The one of before may hold what nobody else has.
    const calls = (await vcenter.log()).length;
    expect(await run()).toMatchObject({ done: 0, failed: 1 });
    const made = (await vcenter.log()).slice(calls).map(({ call }) => call);
    expect(
      made.filter((call) => ['ShutdownGuest', 'PowerOffVM_Task', 'PowerOnVM_Task'].includes(call)),
    ).toEqual([]);
    expect((await seen(caller, web))[1]).toBe('poweredOn');
    await (await logIn(pool.url)).call('VM.destroy', vm().ref);
    expect(await run()).toMatchObject({ done: 1, failed: 0 });
    expect((await seen(caller, web))[0]).toBe('web (moved)');
  }, 60_000);

  it('stays where it is while the guest of its VM does not shut down, unless that is forced', async () => {
    const { caller, web, before, pool, vm, back } = await moved();
    start(pool, vm());
    const there = await seen(caller, web);
    pool.faults.next('Async.VM.clean_shutdown', {
      kind: 'failure',
      code: 'VM_LACKS_FEATURE_SHUTDOWN',
      params: [vm().ref],
    });
    expect(await back()).toMatchObject([{ state: 'refused', reason: { code: 'POOL_REFUSED' } }]);
    expect(await seen(caller, web)).toEqual(there);
    expect([vm().text('power_state'), vm().map('blocked_operations')]).toEqual(['Running', {}]);
    pool.faults.next('Async.VM.clean_shutdown', {
      kind: 'failure',
      code: 'VM_LACKS_FEATURE_SHUTDOWN',
      params: [vm().ref],
    });
    expect(await back({ force: true })).toMatchObject([{ state: 'rolledBack' }]);
    expect(vm().text('power_state')).toBe('Halted');
    expect(await seen(caller, web)).toEqual(before);
  }, 60_000);

  it('stays where it is while another VM has its address, and when its days are over', async () => {
    const { caller, web, before, pool, vm, back, target } = await moved({
      live: { ...LIVE, rollbackDays: 2 },
    });
    const there = await seen(caller, web);
    const root = await logIn(pool.url);
    await root.text('VM.clone', vm().ref, 'twin');
    const twin = pool.objects.named('VM', 'twin');
    const [card] = pool.objects.all('VIF').filter((row) => row.text('VM') === twin.ref);
    card?.set({ MAC });
    start(pool, twin);
    const [refused] = await back();
    expect(refused).toMatchObject({ state: 'refused', reason: { code: 'ROLLBACK_REFUSED' } });
    expect(refused?.reason?.message).toContain(`twin runs in the pool with its address ${MAC}`);
    twin.set({ power_state: 'Halted' });
    await movedDaysAgo(target, 3);
    const [late] = await back();
    expect(late).toMatchObject({ state: 'refused', reason: { code: 'ROLLBACK_REFUSED' } });
    expect(late?.reason?.message).toBe('it was moved 3 days ago, and is taken back within 2 days only');
    expect(await seen(caller, web)).toEqual(there);
    expect(await back({ force: true })).toMatchObject([{ state: 'rolledBack' }]);
    expect(await seen(caller, web)).toEqual(before);
  }, 60_000);

  it('is taken back to the end by the next rollback when one breaks off in the middle', async () => {
    const { caller, web, before, vcenter, back, run, vm, target } = await moved();
    await vcenter.fault({
      kind: 'fail',
      method: 'PowerOnVM_Task',
      fault: 'InsufficientResourcesFault',
      inTask: true,
    });
    expect(await back()).toMatchObject([{ state: 'failed', reason: { code: 'VSPHERE_FAULT' } }]);
    expect((await runCli(['status', target])).stdout).toMatch(/web +rolling back/);
    // What half of it has changed, no run builds upon.
    expect(await run()).toMatchObject({ done: 0, failed: 0 });
    expect(vm().text('power_state')).toBe('Halted');
    expect(await back()).toMatchObject([{ state: 'rolledBack' }]);
    expect(await seen(caller, web)).toEqual(before);
  }, 60_000);

  it('is taken back to the end by the next rollback when one is killed in the middle', async () => {
    const { caller, web, before, vcenter, back, vm, target } = await moved();
    await vcenter.fault({ kind: 'slow', method: 'Rename_Task', ms: 3_000 });
    const killed = startCli(['rollback', target, '--yes']);
    await vi.waitFor(
      async () => {
        const calls = (await vcenter.log()).map(({ call }) => call);
        // The move has renamed it once.
        expect(calls.filter((call) => call === 'Rename_Task')).toHaveLength(2);
      },
      { timeout: 20_000, interval: 50 },
    );
    killed.kill('SIGKILL');
    expect((await killed).exitCode).toBeUndefined();
    expect(await back()).toMatchObject([{ state: 'rolledBack' }]);
    expect(await seen(caller, web)).toEqual(before);
    expect(vm().text('power_state')).toBe('Halted');
  }, 60_000);

  it('is taken back by the service, and not started at the source when it was off there', async () => {
    const { caller, web, before, target } = await moved({ spec: { ...RUNNING, running: false } });
    const service = await serve({
      home: target,
      rollBack: (ledger, wish) => rollBack(ledger, { ...wish, patience: BOTH_PATIENCES }),
    });
    const job = async () => (await service.ask('GET', '/v1/jobs/1')).json;
    const changes = ['disconnect', 'rename'];
    expect(await job()).toMatchObject({
      state: 'done',
      rollbackUntil: expect.any(Number),
      sourceChanges: changes.map((kind) => ({ kind, state: 'kept', madeAt: expect.any(Number) })),
    });
    expect((await service.ask('POST', '/v1/jobs/1/rollback', { body: {} })).status).toBe(202);
    await expect.poll(job, { timeout: 20_000 }).toMatchObject({
      state: 'rolledBack',
      sourceChanges: changes.map((kind) => ({ kind, state: 'undone', undoneAt: expect.any(Number) })),
    });
    expect(await seen(caller, web)).toEqual(before);
    expect(before[1]).toBe('poweredOff');
  }, 60_000);
});

it('goes on running when it was copied: there is nothing to take back at its source', async () => {
  const { caller, web, before, back, vm, pool } = await moved({
    live: { move: 'copy', allow: ['snapshot'] },
  });
  expect(await seen(caller, web)).toEqual(before);
  start(pool, vm());
  const [preview] = await back({ act: false });
  expect(preview?.steps.slice(-1)).toEqual(['source: nothing, it is as it was']);
  expect(await back()).toMatchObject([{ state: 'rolledBack' }]);
  expect(await seen(caller, web)).toEqual(before);
  expect(vm().text('power_state')).toBe('Halted');
  expect(Object.keys(vm().map('blocked_operations'))).toContain('start');
}, 60_000);

it('is taken back after it was moved while it ran, and then on to another repository and host', async () => {
  const { caller, web, before, back, vm } = await moved({
    live: {
      ...LIVE,
      move: 'warm',
      allow: [...LIVE.allow, 'snapshot', 'changeTracking'],
      precopy: { passes: 1, pauseMinutes: 0.01 },
    },
    after: { move: { storage: [{ from: '*', to: 'Final' }], host: 'xen2' } },
  });
  expect(before.slice(1, 3)).toEqual(['poweredOn', 'false']);
  expect((await seen(caller, web)).slice(0, 2)).toEqual(['web (moved)', 'poweredOff']);
  expect(await back()).toMatchObject([{ state: 'rolledBack' }]);
  expect(await seen(caller, web)).toEqual(before);
  expect(Object.keys(vm().map('blocked_operations'))).toContain('start');
}, 60_000);

it('is taken back from the pool that it was moved on to', async () => {
  const other = await newPool();
  const { caller, web, before, back, pool } = await moved({
    after: {
      move: {
        storage: [{ from: '*', to: 'Final' }],
        pool: {
          url: other.url,
          user: 'root',
          password: { file: 'pool.secret' },
          tlsFingerprints: [POOL_CERTIFICATE.fingerprint],
        },
      },
    },
  });
  expect(pool.objects.all('VM').filter((row) => row.text('name_label') === 'web')).toEqual([]);
  const vm = other.objects.named('VM', 'web');
  start(other, vm);
  const [preview] = await back({ act: false });
  expect(preview?.steps[0]).toBe('target: shut down web (running)');
  expect(await back()).toMatchObject([{ state: 'rolledBack' }]);
  expect(vm.text('power_state')).toBe('Halted');
  expect(Object.keys(vm.map('blocked_operations'))).toContain('start');
  expect(await seen(caller, web)).toEqual(before);
}, 60_000);

it('is taken back from files, which stay, with a word about what was made of them', async () => {
  const { caller, web, before, target, back, run } = await moved({ into: 'xl' });
  const [preview] = await back({ act: false });
  expect(preview?.steps.some((step) => step.startsWith('target:'))).toBe(false);
  expect(preview?.warnings.join()).toContain('has to be off');
  expect(await back()).toMatchObject([{ state: 'rolledBack' }]);
  expect(await seen(caller, web)).toEqual(before);
  expect(existsSync(join(target, 'web'))).toBe(true);
  expect(await run()).toMatchObject({ done: 0, failed: 0 });
  expect(await seen(caller, web)).toEqual(before);
}, 60_000);

/** Puts the end of the only job into the past. */
async function movedDaysAgo(target: string, days: number): Promise<void> {
  const db = new Kysely<LedgerSchema>({
    dialect: new SqliteDialect(join(target, '.xenferry', 'ledger.sqlite')),
  });
  const ended_at = Date.now() - days * 86_400_000;
  await db.updateTable('jobs').set({ ended_at }).execute();
  await db.destroy();
}
