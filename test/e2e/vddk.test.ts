import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readImageInfo } from '../../src/images/index.js';
import { MIB } from '../../src/model/units.js';
import { serveVddk, vddkFailure } from '../../src/nbdkit/index.js';
import { startPool } from '../simulators/xapi-pool/index.js';
import { noise } from '../support/disk-maker.js';
import { canMount } from '../support/guest-disks.js';
import { expectEndsAtSigint, whenStarted } from '../support/interrupted.js';
import {
  diskContent,
  extractXva,
  guestWrites,
  type LiveMigration,
  liveMigration,
  liveOutcome,
  planLive,
  powerOf,
  runLive,
} from '../support/live-batch.js';
import { expectGoodXva, expectSameContent } from '../support/oracles.js';
import { runCli, startCli } from '../support/run-cli.js';
import { type SimulatedVcenter, simulatedVcenter, VCENTER_PASSWORD } from '../support/simulated-vcenter.js';
import { simulatedVddk } from '../support/simulated-vddk.js';
import { tempFiles } from '../support/temp-files.js';
import { loggedIn } from '../support/vcenter-caller.js';
import { createMachines, type MachineSpec } from '../support/vcenter-machines.js';
import { POOL_CERTIFICATE } from '../support/xapi-caller.js';

const { folder } = tempFiles();
/** Linux as VMware has it. */
const GUEST = join(import.meta.dirname, '../../samples/estate/shop/shop-app-disk1.vmdk');
const OWN = '<name>mine</name><memory>false</memory><quiesce>false</quiesce>';

async function estate(specs: readonly MachineSpec[]) {
  const own = mkdtempSync(join(folder, 'case-'));
  const vcenter = await simulatedVcenter({ hostsPerCluster: 2 });
  const caller = await loggedIn(vcenter);
  const machines = await createMachines(vcenter, caller, specs);
  const vddk = simulatedVddk(vcenter, own);
  return {
    own,
    out: join(own, 'out'),
    vcenter,
    caller,
    machines,
    library: vddk.library,
    migration: (live: object, more: Partial<LiveMigration> = {}) =>
      liveMigration({ folder: own, vcenter, target: 'out', live: { read: 'vddk', vddk, ...live }, ...more }),
  };
}

async function somePool() {
  const pool = await startPool({
    certificate: POOL_CERTIFICATE,
    timings: { loginDelayMs: 0 },
    repositories: [{ name: 'Local', type: 'ext', size: 2 ** 40 }],
    networks: ['VM Network'],
  });
  onTestFinished(() => pool.close());
  return {
    pool,
    diskOf: (name: string) => {
      const vm = pool.objects.named('VM', name);
      const vbds = pool.objects.all('VBD');
      const disk = vbds.find((vbd) => vbd.text('VM') === vm.ref && vbd.text('type') === 'Disk');
      return readFileSync(pool.vdiFile(disk?.text('VDI') ?? ''));
    },
  };
}

/** Keeps writing to the guest's disk, and to `content`, until the machine is off. */
async function guestUntilOff(vcenter: SimulatedVcenter, content: Buffer): Promise<void> {
  for (let number = 0; ; number++) {
    const bytes = noise(2_000 + number, 16_384);
    const at = (number * 5 * 65_536) % content.length;
    try {
      await vcenter.write('shop', 2000, at, bytes);
    } catch {
      return;
    }
    bytes.copy(content, at);
    await delay(10);
  }
}

/** What a disk is asked for with that is not as it should be. */
interface Wrong {
  readonly password?: string;
  readonly thumbprint?: string;
  readonly machine?: string;
  readonly snapshot?: string;
  readonly library?: string;
  readonly plugin?: string;
}

async function readDisk(served: Parameters<typeof serveVddk>[0]): Promise<void> {
  const server = await serveVddk(served);
  try {
    await readImageInfo({ format: 'raw', location: { kind: 'nbd', uri: server.uri } });
  } catch (error) {
    throw vddkFailure(server.errors, served.disk.file, error);
  } finally {
    await server.stop();
  }
}

function vddkFolders(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('xenferry-vddk-'));
}

/** The command lines of the nbdkits that read below a folder. */
function nbdkitsOf(library: string): string[] {
  return commandLines().filter((line) => line.startsWith('nbdkit\0') && line.includes(library));
}

function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        // It has ended.
        return '';
      }
    });
}

describe('a machine that is read through VDDK', () => {
  it('is moved cold as it was, its own snapshots included', async () => {
    const { own, out, vcenter, caller, machines, migration } = await estate([
      {
        name: 'off',
        disks: [{ content: diskContent(1) }, { content: diskContent(2, 3), controller: 'sata' }],
      },
      { name: 'on', disks: [{ content: diskContent(3) }], running: true, tools: true },
    ]);
    const on = machines[1];
    await caller.task('CreateSnapshot_Task', on?.ref ?? { type: '', value: '' }, OWN);
    const later = diskContent(9, 1);
    await vcenter.write('on', 2000, 2 * MIB, later);
    const result = await runLive(await planLive(migration({ allow: ['shutDown'] })));
    expect(result, JSON.stringify(await liveOutcome(out))).toMatchObject({
      done: 2,
      failed: 0,
      warnings: [],
    });
    for (const name of ['off', 'on']) {
      await expectGoodXva(join(out, `${name}.xva`));
      extractXva(join(out, `${name}.xva`), join(own, name));
    }
    for (const [index, { flatPath }] of (machines[0]?.disks ?? []).entries()) {
      const made = { path: join(own, 'off', `disk${index}.raw`), format: 'raw' };
      await expectSameContent(made, { path: flatPath, format: 'raw' });
    }
    const expected = diskContent(3);
    later.copy(expected, 2 * MIB);
    expect(readFileSync(join(own, 'on', 'disk0.raw')).equals(expected)).toBe(true);
    const calls = (await vcenter.log()).map(({ call }) => call);
    expect(calls.filter((call) => /^GET \/(folder|nfc)/.test(call))).toEqual([]);
    expect((await vcenter.state()).snapshots.map(({ name }) => name)).toEqual(['mine']);
  });

  it('is copied as it was at one moment, while it goes on running on a snapshot of its own', async () => {
    const content = diskContent(5);
    const { vcenter, caller, machines, out, migration } = await estate([
      { name: 'kept', disks: [{ content }], running: true, tools: true },
    ]);
    const ref = machines[0]?.ref ?? { type: '', value: '' };
    await caller.task('CreateSnapshot_Task', ref, OWN);
    const { pool, diskOf } = await somePool();
    const plan = await planLive(migration({ move: 'copy', allow: ['snapshot'] }, { pool }));
    const writes = guestWrites(vcenter, 'kept', { key: 2000, bytes: 5 * MIB });
    const result = await runLive(plan);
    await writes.end();
    expect(result, JSON.stringify(await liveOutcome(out))).toMatchObject({ done: 1, warnings: [] });
    expect(writes.areAtOneMoment(content, diskOf('kept'))).toBe(true);
    expect(await powerOf(caller, ref)).toBe('poweredOn');
    expect((await vcenter.state()).snapshots.map(({ name }) => name)).toEqual(['mine']);
    expect((await vcenter.log()).map(({ call }) => call)).not.toContain('ExportSnapshot');
  });

  it('is moved warm to its last write, with a snapshot of its own', async () => {
    const content = diskContent(6);
    const { vcenter, caller, machines, out, migration } = await estate([
      { name: 'shop', disks: [{ content }], running: true, tools: true, shutdownMs: 100 },
    ]);
    const ref = machines[0]?.ref ?? { type: '', value: '' };
    await caller.task('CreateSnapshot_Task', ref, OWN);
    const { pool, diskOf } = await somePool();
    const allow = ['snapshot', 'changeTracking', 'shutDown'];
    const live = { move: 'warm', allow, precopy: { passes: 2, pauseMinutes: 0.005 } };
    const plan = await planLive(migration(live, { pool }));
    const writing = guestUntilOff(vcenter, content);
    const result = await runLive(plan);
    await writing;
    expect(result, JSON.stringify(await liveOutcome(out))).toMatchObject({ done: 1, failed: 0 });
    expect(diskOf('shop').subarray(0, content.length).equals(content)).toBe(true);
    const opened = (await vcenter.log()).filter(({ call }) => call === 'VDDK open').map(({ on }) => on);
    // Each pass from a snapshot of its own.
    expect(new Set(opened.map((on) => on.split(' ')[1])).size).toBeGreaterThan(2);
    expect((await vcenter.state()).snapshots.map(({ name }) => name)).toEqual(['mine']);
  });

  it('has its guest mended', { skip: !canMount }, async () => {
    const raw = join(mkdtempSync(join(folder, 'guest-')), 'disk.raw');
    execFileSync('qemu-img', ['convert', '-O', 'raw', GUEST, raw]);
    const { out, migration } = await estate([{ name: 'app', disks: [{ content: raw }] }]);
    const plan = await planLive(migration({}, { rest: { fixups: 'auto' } }));
    expect(await runLive(plan), JSON.stringify(await liveOutcome(out))).toMatchObject({ done: 1 });
    expect(readFileSync(join(out, 'report.json'), 'utf8')).toMatch(/"kind": ?"mended"/);
  });

  it.each(['SIGINT', 'SIGKILL'] as const)('leaves no nbdkit and no password behind at %s', async (signal) => {
    const { own, out, vcenter, library, migration } = await estate([
      { name: 'web', disks: [{ content: diskContent(1) }], running: true, tools: true },
    ]);
    await vcenter.fault({ kind: 'slow', transfer: 'vddk', bytesPerSecond: 100_000, times: -1 });
    const file = migration({ move: 'copy', allow: ['snapshot'] });
    const run = startCli(['run', '-m', file]);
    await whenStarted(run, async () => (await vcenter.log()).some(({ call }) => call === 'VDDK open'));
    expect(nbdkitsOf(library)).toHaveLength(1);
    const told = commandLines().filter((line) => line.includes(VCENTER_PASSWORD));
    // The simulator itself was told it so.
    expect(told.filter((line) => !line.includes('vcsim'))).toEqual([]);
    const folders = vddkFolders();
    if (signal === 'SIGINT') {
      await expectEndsAtSigint(run);
      expect(vddkFolders()).toHaveLength(folders.length - 1);
    } else {
      run.kill(signal);
      await run;
    }
    await expect.poll(() => nbdkitsOf(library)).toEqual([]);
    expect(execFileSync('grep', ['-rlF', VCENTER_PASSWORD, own]).toString()).toBe(
      `${join(own, 'vcenter.secret')}\n`,
    );
    await vcenter.fault({ kind: 'clear' });
    expect(await runCli(['run', '-m', file])).toMatchObject({ exitCode: 0 });
    expect((await vcenter.state()).snapshots).toEqual([]);
    await expectGoodXva(join(out, 'web.xva'));
  });

  it('tells why its disk cannot be read any more, and goes on there the next time', async () => {
    const { out, vcenter, machines, own, migration } = await estate([
      { name: 'off', disks: [{ content: diskContent(1, 24) }] },
    ]);
    await vcenter.fault({ kind: 'cut', transfer: 'vddk', afterBytes: 1.2 * MIB, times: -1 });
    const file = migration({});
    const failed = await runCli(['run', '-m', file]);
    expect(failed.exitCode).not.toBe(0);
    expect(failed.stderr + failed.stdout).toContain('VixDiskLib_ReadAsync');
    expect((await liveOutcome(out)).machines).toEqual({
      off: { state: 'failed', code: 'SOURCE_UNREADABLE' },
    });
    await vcenter.fault({ kind: 'clear' });
    expect(await runCli(['run', '-m', file])).toMatchObject({ exitCode: 0 });
    extractXva(join(out, 'off.xva'), join(own, 'off'));
    const made = { path: join(own, 'off', 'disk0.raw'), format: 'raw' };
    await expectSameContent(made, { path: machines[0]?.disks[0]?.flatPath ?? '', format: 'raw' });
  });
});

describe('what stands in the way of VDDK', () => {
  it('is told by plan and doctor before anything is done', async () => {
    const { own, out, migration } = await estate([{ name: 'off', disks: [{ capacity: MIB }] }]);
    const wrong = migration({ vddk: { library: join(own, 'nothing') } });
    for (const command of [
      ['plan', '-m', wrong],
      ['run', '-m', wrong],
    ]) {
      const { exitCode, stderr } = await runCli(command);
      expect(exitCode).not.toBe(0);
      expect(stderr).toContain('VDDK_UNUSABLE');
    }
    expect(existsSync(out)).toBe(false);
    const { stdout, exitCode } = await runCli(['doctor', '-m', wrong]);
    expect(exitCode).not.toBe(0);
    expect(stdout).toMatch(/missing: nbdkit and VDDK: .*vddk/);
    expect((await runCli(['doctor', '-m', migration({})])).stdout).toContain('ok: nbdkit and VDDK');
  });

  it.each<[string, Wrong, string]>([
    ['a wrong password', { password: 'wrong:<4711>@&' }, 'VSPHERE_LOGIN'],
    ['another certificate', { thumbprint: Array(20).fill('00').join(':') }, 'VSPHERE_UNREACHABLE'],
    ['a machine that runs', { machine: 'on' }, 'SOURCE_UNREADABLE'],
    ['a snapshot that is gone', { snapshot: 'snapshot-1' }, 'SOURCE_UNREADABLE'],
    ['a library that is not there', { library: '/usr/share' }, 'VDDK_UNUSABLE'],
    ['a plugin that is not there', { plugin: '/usr/share/nbdkit-vddk-plugin.so' }, 'VDDK_UNUSABLE'],
  ])('has an error of its own, without the secret: %s', async (_, wrong, code) => {
    const { own, vcenter, machines } = await estate([
      { name: 'off', disks: [{ content: diskContent(1) }] },
      { name: 'on', disks: [{ content: diskContent(2) }], running: true },
    ]);
    const { machine = 'off', password = VCENTER_PASSWORD, library, plugin, ...access } = wrong;
    const { hostname: server, port } = new URL(vcenter.url);
    const thumbprint = new X509Certificate(vcenter.certificate).fingerprint;
    const vddk = simulatedVddk(vcenter, own);
    const reading = readDisk({
      disk: {
        server,
        port: Number(port),
        user: vcenter.user,
        thumbprint,
        machine: machines.find(({ name }) => name === machine)?.ref.value ?? '',
        snapshot: null,
        file: `[LocalDS_0] ${machine}/${machine}.vmdk`,
        ...access,
      },
      settings: { library: library ?? vddk.library, plugin: plugin ?? vddk.plugin, transports: 'nbdssl:nbd' },
      password,
      socket: join(own, 'socket'),
      signal: new AbortController().signal,
    });
    const failure = await reading.catch((error) => error);
    expect(failure).toMatchObject({ code });
    expect(JSON.stringify([failure.message, failure.hint])).not.toContain(password);
    expect(nbdkitsOf(own)).toEqual([]);
  });
});
