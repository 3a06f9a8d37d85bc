import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MIB } from '../../src/model/units.js';
import { canMount } from '../support/guest-disks.js';
import { expectEndsAtSigint, whenStarted } from '../support/interrupted.js';
import {
  diskContent,
  extractXva,
  guestWrites,
  liveOutcome,
  planLive,
  powerOf,
  runLive,
} from '../support/live-batch.js';
import { expectSameContent } from '../support/oracles.js';
import { runCli, startCli } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';
import { nbdkitsWith, poolForDisks, vddkEstate } from '../support/vddk-estate.js';

const { folder } = tempFiles();
/** Linux as VMware has it. */
const GUEST = join(import.meta.dirname, '../../samples/estate/web01/web01-disk1.vmdk');

function vddkFolders(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('xenferry-vddk-'));
}

describe('a machine that is read through VDDK', () => {
  it('is copied as it was at one moment, while it goes on running on a snapshot of its own', async () => {
    const content = diskContent(5);
    const { vcenter, caller, of, out, takeOwnSnapshot, migration } = await vddkEstate(folder, [
      { name: 'kept', disks: [{ content }], running: true, tools: true },
    ]);
    await takeOwnSnapshot('kept');
    const { pool, diskOf } = await poolForDisks();
    const plan = await planLive(migration({ move: 'copy', allow: ['snapshot'] }, { pool }));
    const writes = guestWrites(vcenter, 'kept', { key: 2000, bytes: 5 * MIB });
    const result = await runLive(plan);
    await writes.end();
    expect(result, JSON.stringify(await liveOutcome(out))).toMatchObject({ done: 1, warnings: [] });
    expect(writes.areAtOneMoment(content, diskOf('kept'))).toBe(true);
    expect(await powerOf(caller, of('kept').ref)).toBe('poweredOn');
    expect((await vcenter.state()).snapshots.map(({ name }) => name)).toEqual(['mine']);
    expect((await vcenter.log()).map(({ call }) => call)).not.toContain('ExportSnapshot');
  });

  it('has its guest mended', { skip: !canMount }, async () => {
    const raw = join(mkdtempSync(join(folder, 'guest-')), 'disk.raw');
    execFileSync('qemu-img', ['convert', '-O', 'raw', GUEST, raw]);
    const { out, migration } = await vddkEstate(folder, [{ name: 'web01', disks: [{ content: raw }] }]);
    const file = migration({}, { rest: { fixups: 'auto' } });
    expect(await runCli(['run', '-m', file])).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(out, 'report.json'), 'utf8')).toMatch(/"kind": ?"mended"/);
  });

  it('leaves nothing behind when it is stopped', async () => {
    const { vcenter, vddk, migration } = await vddkEstate(folder, [
      { name: 'web', disks: [{ content: diskContent(1) }], running: true, tools: true },
    ]);
    await vcenter.fault({ kind: 'slow', transfer: 'vddk', bytesPerSecond: 100_000, times: -1 });
    const file = migration({ move: 'copy', allow: ['snapshot'] });
    const run = startCli(['run', '-m', file]);
    await whenStarted(run, async () => (await vcenter.log()).some(({ call }) => call === 'VDDK open'));
    expect(nbdkitsWith(vddk)).toHaveLength(1);
    const folders = vddkFolders();
    await expectEndsAtSigint(run);
    expect(vddkFolders()).toHaveLength(folders.length - 1);
    expect(nbdkitsWith(vddk)).toEqual([]);
    expect((await vcenter.state()).snapshots).toEqual([]);
  });

  it('tells why its disk cannot be read any more, and goes on there the next time', async () => {
    const { out, vcenter, of, own, migration } = await vddkEstate(folder, [
      { name: 'off', disks: [{ content: diskContent(1, 24) }] },
    ]);
    await vcenter.fault({ kind: 'cut', transfer: 'vddk', afterBytes: 1_200_000, times: -1 });
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
    await expectSameContent(made, { path: of('off').disks[0]?.flatPath ?? '', format: 'raw' });
  });

  it('is told by plan and doctor before anything is done', async () => {
    const { own, out, migration } = await vddkEstate(folder, [{ name: 'off', disks: [{ capacity: MIB }] }]);
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
});
