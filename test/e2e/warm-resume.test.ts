import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { cleanUpPool, cleanUpSources } from '../../src/coordinator/index.js';
import { Ledger } from '../../src/ledger/index.js';
import { MIB } from '../../src/model/units.js';
import { collectReport, type MachineReport } from '../../src/report/index.js';
import { type SimulatedPool, startPool } from '../simulators/xapi-pool/index.js';
import { noise } from '../support/disk-maker.js';
import { liveMigration, planLive, runLive } from '../support/live-batch.js';
import { startCli } from '../support/run-cli.js';
import { type SimulatedVcenter, startVcenter } from '../support/simulated-vcenter.js';
import { tempFiles } from '../support/temp-files.js';
import { loggedIn, type VcenterCaller } from '../support/vcenter-caller.js';
import { createMachines, type MadeMachine } from '../support/vcenter-machines.js';
import { logIn, POOL_CERTIFICATE } from '../support/xapi-caller.js';

const DISK_BYTES = 24 * MIB;
/** And the second, all the time. */
const DATA = noise(5, 6 * MIB);
const HOUR = 3_600_000;
const { folder } = tempFiles();

let own: string;
let target: string;
let vcenter: SimulatedVcenter;
let pool: SimulatedPool;
let caller: VcenterCaller;
let shop: MadeMachine;
/** What the first disk of `shop` holds. */
let content: Buffer;

beforeEach(async () => {
  own = mkdtempSync(join(folder, 'case-'));
  target = join(own, 'out');
  content = Buffer.alloc(DISK_BYTES);
  noise(1, 8 * MIB).copy(content, 0);
  [vcenter, pool] = await Promise.all([
    startVcenter(),
    startPool({
      certificate: POOL_CERTIFICATE,
      timings: { loginDelayMs: 0 },
      repositories: [{ name: 'Local', type: 'ext', size: 2 ** 40 }],
      networks: ['VM Network'],
    }),
  ]);
  caller = await loggedIn(vcenter);
  const [made] = await createMachines(vcenter, caller, [
    {
      name: 'shop',
      disks: [content, DATA].map((bytes) => ({ content: bytes, controller: 'pvscsi' as const })),
      running: true,
      tools: true,
      shutdownMs: 100,
    },
    { name: 'till', disks: [{ content: noise(2, 2 * MIB), controller: 'pvscsi' }] },
  ]);
  if (made === undefined) throw new Error('no machine');
  shop = made;
});

afterEach(async () => {
  await vcenter.close();
  await pool.close();
});

/** A window that is open for an hour, so many hours from now. */
function windowIn(hours: number): object {
  const clock = (at: number) => new Date(at).toISOString().slice(11, 16);
  const from = Date.now() + hours * HOUR;
  const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
  return { days, from: clock(from), to: clock(from + HOUR), timeZone: 'UTC' };
}

const CLOSED = { cutover: { window: 'quiet' } };

function migration(live: object, hours = 6, names: readonly string[] = ['shop']): string {
  return liveMigration({
    folder: own,
    vcenter,
    target: 'out',
    pool,
    live: {
      move: 'warm',
      allow: ['snapshot', 'changeTracking', 'shutDown'],
      precopy: { passes: 2, pauseMinutes: 0 },
      ...live,
    },
    rest: {
      select: names.map((name) => ({ name })),
      windows: { quiet: windowIn(hours) },
      machines: { shop: { priority: 5 } },
    },
  });
}

async function write(at: number, bytes: Buffer): Promise<void> {
  await vcenter.write(shop.name, shop.disks[0]?.key ?? 0, at, bytes);
  bytes.copy(content, at);
}

async function report(name = 'shop'): Promise<MachineReport | undefined> {
  const ledger = await Ledger.openForReading({ folder: target });
  try {
    return (await collectReport(ledger, target))?.machines.find((machine) => machine.name === name);
  } finally {
    await ledger.close();
  }
}

/** As the source has it now. */
async function isTracked(): Promise<boolean> {
  const path = 'config.changeTrackingEnabled';
  return (await caller.properties(shop.ref, path)).get(path) === 'true';
}

const disksInPool = () => pool.objects.all('VDI').filter((vdi) => vdi.text('name_label').startsWith('shop'));

/** Whether the VM's disks hold what those at the source do. */
function isSame(): boolean {
  const vm = pool.objects.named('VM', 'shop');
  const disks = pool.objects
    .all('VBD')
    .filter((vbd) => vbd.text('VM') === vm.ref && vbd.text('type') === 'Disk')
    .toSorted((one, other) => one.text('userdevice').localeCompare(other.text('userdevice')))
    .map((vbd) => readFileSync(pool.vdiFile(vbd.text('VDI'))));
  const [first, second] = disks;
  return (
    first?.subarray(0, DISK_BYTES).equals(content) === true &&
    second?.subarray(0, DATA.length).equals(DATA) === true
  );
}

/** Runs until the machine waits for its cutover, and then stops it as Ctrl-C does. */
async function untilItWaits(file: string): Promise<void> {
  const stop = new AbortController();
  const run = runLive(await planLive(file), { parallel: 1, signal: stop.signal });
  await expect.poll(async () => (await report())?.state, { timeout: 60_000 }).toBe('paused');
  stop.abort();
  await run;
}

describe('a machine that waits for its cutover window', () => {
  it('leaves its place to others, outlives a kill, and is gone on with from where it was', {
    timeout: 120_000,
  }, async () => {
    const file = migration(CLOSED, 6, ['shop', 'till']);
    const run = startCli(['run', '-m', file, '--parallel', '1', '--checksum', 'xxhash']);
    await expect
      .poll(async () => (await report('till').catch(() => undefined))?.state, {
        timeout: 60_000,
        interval: 200,
      })
      .toBe('done');
    const waiting = await report();
    run.kill('SIGKILL');
    await run;
    expect(waiting).toMatchObject({ state: 'paused', warm: { downAt: null } });
    expect(waiting?.waitsFor).toMatch(/^waits for its cutover window quiet, which opens in \d h \d\d min$/);
    expect((await report())?.waitsFor).toMatch(/cutover window quiet/);
    expect(pool.objects.all('VM').filter((vm) => vm.text('name_label') === 'shop')).toEqual([]);
    expect((await vcenter.state()).snapshots).toEqual([]);
    const disks = disksInPool().map((vdi) => vdi.text('uuid'));

    await write(12 * MIB, noise(3, 4096));
    const result = await runLive(await planLive(migration(CLOSED, 0, ['shop', 'till'])));
    expect(result).toMatchObject({ done: 2, failed: 0 });
    expect(isSame()).toBe(true);
    expect(disksInPool().map((vdi) => vdi.text('uuid'))).toEqual(disks);
    const { warm } = z.object({ warm: WARM }).parse(await report());
    const before = waiting?.warm?.passes.length ?? 0;
    expect(warm.passes.filter(({ kind }) => kind === 'first')).toHaveLength(1);
    expect(warm.passes.slice(before).map(({ kind, bytes }) => [kind, bytes])).toEqual([
      ['changes', 2 * MIB],
      ['last', 0],
    ]);
    expect(warm.downtimeMs).toBeGreaterThan(0);
    expect(await isTracked()).toBe(false);
  });

  it('has nothing left in the pool and at its source once it is cancelled', { timeout: 60_000 }, async () => {
    const run = runLive(await planLive(migration(CLOSED)));
    await expect.poll(async () => (await report())?.state, { timeout: 40_000 }).toBe('paused');
    expect(disksInPool()).toHaveLength(2);
    expect(await isTracked()).toBe(true);
    const cancel = await startCli(['cancel', target]);
    expect(cancel.exitCode, cancel.stderr).toBe(0);
    expect(await run).toMatchObject({ cancelled: 1, warnings: [] });
    expect(disksInPool()).toEqual([]);
    expect(await isTracked()).toBe(false);
  });

  it('has a disk read in full that is not in the pool any more, and only that', {
    timeout: 60_000,
  }, async () => {
    await untilItWaits(migration(CLOSED));
    const before = (await report())?.warm?.passes.length ?? 0;
    const data = disksInPool().find((vdi) => vdi.text('name_label') === 'shop 1');
    await (await logIn(pool.url)).call('VDI.destroy', data?.ref ?? '');
    await write(0, noise(4, 65_536));
    expect(await runLive(await planLive(migration(CLOSED, 0)))).toMatchObject({ done: 1 });
    expect(isSame()).toBe(true);
    const passes = (await report())?.warm?.passes.slice(before);
    expect(passes?.[0]?.bytes).toBe(2 * MIB + DATA.length);
  });

  it('is cleaned up in the pool and at its source', { timeout: 60_000 }, async () => {
    await untilItWaits(migration(CLOSED));
    expect((await cleanUpSources({ folder: target }, target)).left).toEqual([]);
    const ledger = await Ledger.open({ folder: target });
    try {
      const batch = await ledger.latestBatch(target);
      if (batch === null) throw new Error('no batch');
      expect((await cleanUpPool(ledger, batch, false)).removed.toSorted()).toEqual([
        'disk shop 0',
        'disk shop 1',
      ]);
    } finally {
      await ledger.close();
    }
    expect(disksInPool()).toEqual([]);
    expect(await isTracked()).toBe(false);
    expect((await report())?.waitsFor).toBeNull();
  });
});

const WARM = z.object({
  passes: z.array(z.object({ kind: z.string(), bytes: z.number() })),
  downtimeMs: z.number(),
});
