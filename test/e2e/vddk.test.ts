import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { readImageInfo } from '../../src/images/index.js';
import { toXenferryError } from '../../src/model/errors.js';
import { MIB } from '../../src/model/units.js';
import { serveVddk, type VddkDisk, vddkFailure } from '../../src/nbdkit/index.js';
import { noise } from '../support/disk-maker.js';
import { whenStarted } from '../support/interrupted.js';
import { diskContent, extractXva, liveOutcome, planLive, runLive } from '../support/live-batch.js';
import { expectGoodXva, expectSameContent } from '../support/oracles.js';
import { runCli, startCli } from '../support/run-cli.js';
import { type SimulatedVcenter, VCENTER_PASSWORD } from '../support/simulated-vcenter.js';
import { tempFiles } from '../support/temp-files.js';
import { commandLines, nbdkitsWith, poolForDisks, vddkEstate } from '../support/vddk-estate.js';

const { folder } = tempFiles();

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

describe('a machine that is read through VDDK', () => {
  it('is moved cold as it was, its own snapshots included', async () => {
    const { own, out, vcenter, of, takeOwnSnapshot, migration } = await vddkEstate(folder, [
      {
        name: 'off',
        disks: [{ content: diskContent(1) }, { content: diskContent(2, 3), controller: 'sata' }],
      },
      { name: 'on', disks: [{ content: diskContent(3) }], running: true, tools: true },
    ]);
    await takeOwnSnapshot('on');
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
    for (const [index, { flatPath }] of of('off').disks.entries()) {
      const made = { path: join(own, 'off', `disk${index}.raw`), format: 'raw' };
      await expectSameContent(made, { path: flatPath, format: 'raw' });
    }
    const arrived = readFileSync(join(own, 'on', 'disk0.raw'));
    const expected = Buffer.concat([diskContent(3)], arrived.length);
    later.copy(expected, 2 * MIB);
    expect(arrived.equals(expected)).toBe(true);
    const calls = (await vcenter.log()).map(({ call }) => call);
    expect(calls.filter((call) => /^GET \/(folder|nfc)/.test(call))).toEqual([]);
    expect((await vcenter.state()).snapshots.map(({ name }) => name)).toEqual(['mine']);
  });

  it('is moved warm to its last write, with a snapshot of its own', async () => {
    const content = diskContent(6);
    const { vcenter, out, takeOwnSnapshot, migration } = await vddkEstate(folder, [
      { name: 'shop', disks: [{ content }], running: true, tools: true, shutdownMs: 100 },
    ]);
    await takeOwnSnapshot('shop');
    const { pool, diskOf } = await poolForDisks();
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

  it('leaves no nbdkit behind when it is killed, and shows its password nowhere', async () => {
    const { own, out, vcenter, vddk, migration } = await vddkEstate(folder, [
      { name: 'web', disks: [{ content: diskContent(1) }], running: true, tools: true },
    ]);
    await vcenter.fault({ kind: 'slow', transfer: 'vddk', bytesPerSecond: 100_000, times: -1 });
    const file = migration({ move: 'copy', allow: ['snapshot'] });
    const run = startCli(['run', '-m', file]);
    await whenStarted(run, async () => (await vcenter.log()).some(({ call }) => call === 'VDDK open'));
    expect(nbdkitsWith(vddk)).toHaveLength(1);
    const told = commandLines().filter((line) => line.includes(VCENTER_PASSWORD));
    // The simulator itself was told it so.
    expect(told.filter((line) => !line.includes('vcsim'))).toEqual([]);
    run.kill('SIGKILL');
    await run;
    await expect.poll(() => nbdkitsWith(vddk)).toEqual([]);
    expect(execFileSync('grep', ['-rlF', VCENTER_PASSWORD, own]).toString()).toBe(
      `${join(own, 'vcenter.secret')}\n`,
    );
    await vcenter.fault({ kind: 'clear' });
    expect(await runCli(['run', '-m', file])).toMatchObject({ exitCode: 0 });
    expect((await vcenter.state()).snapshots).toEqual([]);
    await expectGoodXva(join(out, 'web.xva'));
  });
});

describe('what stands in the way of VDDK', () => {
  it('has errors of its own, without the secret', async () => {
    const { own, vcenter, of, vddk } = await vddkEstate(folder, [
      { name: 'off', disks: [{ content: diskContent(1) }] },
      { name: 'on', disks: [{ content: diskContent(2) }], running: true },
    ]);
    const { hostname: server, port } = new URL(vcenter.url);
    const disk: VddkDisk = {
      server,
      port: Number(port),
      user: vcenter.user,
      thumbprint: new X509Certificate(vcenter.certificate).fingerprint,
      machine: of('off').ref.value,
      snapshot: null,
      file: '[LocalDS_0] off/off.vmdk',
    };
    const running = { machine: of('on').ref.value, file: '[LocalDS_0] on/on.vmdk' };
    const right = {
      disk,
      settings: { ...vddk, transports: 'nbdssl:nbd' },
      password: VCENTER_PASSWORD,
      socket: join(own, 'socket'),
      signal: new AbortController().signal,
    };
    const withDisk = (wrong: Partial<VddkDisk>) => ({ ...right, disk: { ...disk, ...wrong } });
    const withSettings = (wrong: object) => ({ ...right, settings: { ...right.settings, ...wrong } });
    await readDisk(right);
    for (const [wrong, code, said] of [
      [{ ...right, password: 'wrong:<4711>@&' }, 'VSPHERE_LOGIN', /user name or password/],
      [withDisk({ thumbprint: Array(20).fill('00').join(':') }), 'VSPHERE_UNREACHABLE', /thumbprint/],
      [withDisk(running), 'SOURCE_UNREADABLE', /lock the file/],
      [withDisk({ snapshot: 'snapshot-1' }), 'SOURCE_UNREADABLE', /snapshot cannot be found/],
      [withSettings({ library: '/usr/share' }), 'VDDK_UNUSABLE', /libvixDiskLib/],
      [withSettings({ plugin: '/usr/share/none.so' }), 'VDDK_UNUSABLE', /cannot open plugin/],
    ] as const) {
      const failure = toXenferryError(await readDisk(wrong).catch((error: unknown) => error));
      expect(failure, said.source).toMatchObject({ code, message: expect.stringMatching(said) });
      expect(`${failure.message} ${failure.hint}`).not.toContain(wrong.password);
      expect(nbdkitsWith({ library: own })).toEqual([]);
    }
  });
});
