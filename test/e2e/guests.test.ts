import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { MIB } from '../../src/model/units.js';
import { FIXED, INSPECTED, REPORT } from '../support/cli-documents.js';
import { expectNoStack } from '../support/error-lines.js';
import { writeExport } from '../support/export-maker.js';
import { sha256Of, visibleFiles } from '../support/file-facts.js';
import { canMount, emptyFile, makeFileSystem, mountsIn, partition, tool } from '../support/guest-disks.js';
import { exportHive } from '../support/hive-maker.js';
import { expectEndsAtSigint, whenStarted } from '../support/interrupted.js';
import { expectGoodXva } from '../support/oracles.js';
import { runCli, runJson, startCli } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';
import { windowsDisk } from '../support/windows-disk.js';

const ESTATE = fileURLToPath(new URL('../../samples/estate', import.meta.url));
const WEB = join(ESTATE, 'web01', 'web01-disk1.vmdk');
const { folder } = tempFiles();
const ownFolder = () => mkdtemp(join(folder, 'own-'));

/** Where the sample's only partition begins, for debugfs. */
const ROOT = '?offset=1048576';

/** A file of the root file system as e2fsprogs reads it. */
async function guestFile(raw: string, path: string): Promise<string> {
  return (await tool('debugfs', ['-R', `cat ${path}`, raw + ROOT])).stdout;
}

/** Name and kind of what is at a path, or that nothing is. */
async function guestEntry(raw: string, path: string): Promise<string> {
  const { stdout, stderr } = await tool('debugfs', ['-R', `stat ${path}`, raw + ROOT]);
  const facts = [/File not found/, /Type: \w+ +Mode: +\d+/, /Fast link dest: .*/];
  return facts.flatMap((fact) => fact.exec(stdout + stderr)?.[0] ?? []).join('\n');
}

async function converted(into: string, name: string, ...more: string[]): Promise<string> {
  const raw = join(into, `${name}.raw`);
  expect(await runCli(['convert', WEB, raw, ...more])).toMatchObject({ exitCode: 0, stderr: '' });
  return raw;
}

describe.skipIf(!canMount)('a guest', () => {
  it('is told by what its disks hold', async () => {
    const found = await runJson(['guest', 'inspect', WEB], INSPECTED);
    expect(found.guest).toMatchObject({ family: 'linux', distribution: 'debian', architecture: 'x86_64' });
    expect(found.guest.fileSystems).toMatchObject([{ device: '/dev/sda1', type: 'ext4', mountPoint: '/' }]);
    expect(found.profile.id).toBe('debian-12');
  });

  it('is changed on a layer, which convert merges, and every file is put back', async () => {
    const own = await ownFolder();
    const layers = join(own, 'layers');
    const digest = await sha256Of(WEB);
    const args = ['guest', 'fix', WEB, '--into', layers, '--nic', '00:50:56:8a:10:01'];
    const { edits } = await runJson(args, FIXED);
    expect(edits.map(({ path }) => path)).toContain('/etc/fstab');
    expect(await sha256Of(WEB)).toBe(digest);

    const original = await converted(own, 'original');
    const overlay = ['--overlay', join(layers, 'disk0.qcow2')];
    const mended = await converted(own, 'mended', ...overlay);
    const uuid = (await tool('blkid', ['-p', '-O', `${MIB}`, '-s', 'UUID', '-o', 'value', original])).stdout;
    expect(await guestFile(original, '/etc/fstab')).toMatch(/^\/dev\/sda1 \/ ext4/);
    expect(await guestFile(mended, '/etc/fstab')).toMatch(new RegExp(`^UUID=${uuid} / ext4`));
    const unit = '/etc/systemd/system/open-vm-tools.service';
    expect(await guestEntry(mended, unit)).toContain('Fast link dest: "/dev/null"');

    expect(await runCli(['guest', 'undo', layers])).toMatchObject({ exitCode: 0, stderr: '' });
    const undone = await converted(own, 'undone', ...overlay);
    for (const { path } of edits) {
      expect(await guestFile(undone, path), path).toBe(await guestFile(original, path));
      expect(await guestEntry(undone, path), path).toBe(await guestEntry(original, path));
    }
    expect(await sha256Of(WEB)).toBe(digest);
  });

  it('may be changed a second time in the same folder, and comes out the same', async () => {
    const layers = join(await ownFolder(), 'layers');
    const args = ['guest', 'fix', WEB, '--into', layers];
    const first = await runJson(args, FIXED);
    expect(await runJson(args, FIXED)).toEqual(first);
  });

  it('is not changed into a folder that has other files', async () => {
    const own = await ownFolder();
    await writeFile(join(own, 'precious'), 'x');
    const { exitCode, stderr } = await runCli(['guest', 'fix', WEB, '--into', own]);
    expect(exitCode).toBe(5);
    expect(stderr).toContain('TARGET_EXISTS');
    expect(await readFile(join(own, 'precious'), 'utf8')).toBe('x');
  });

  it('leaves nothing behind when the change is stopped', async () => {
    const layers = join(await ownFolder(), 'layers');
    const run = startCli(['guest', 'fix', WEB, '--into', layers]);
    await whenStarted(run, () => existsSync(join(layers, 'disk0.qcow2')));
    await expectEndsAtSigint(run);
    expect(existsSync(layers)).toBe(false);
    expect(await mountsIn(layers)).toEqual([]);
  });
});

describe.skipIf(!canMount)('a Windows guest', () => {
  it('gets its drivers into the registry, and its hives back to the byte', async () => {
    const own = await ownFolder();
    const { raw } = await windowsDisk(own, '2016');
    const mnt = join(own, 'mnt');
    const systemHive = async (image: string): Promise<Buffer> => {
      const part = join(own, 'part');
      await tool('dd', [`if=${image}`, `of=${part}`, 'bs=1M', 'skip=1', 'count=64']);
      await makeFileSystem('ntfs-3g', ['-o', 'ro', part, mnt]);
      const hive = await readFile(join(mnt, 'Windows', 'System32', 'config', 'SYSTEM'));
      await tool('umount', [mnt]);
      return hive;
    };
    const vmdk = join(own, 'win.vmdk');
    await tool('qemu-img', ['convert', '-O', 'vmdk', '-o', 'subformat=streamOptimized', raw, vmdk]);
    const before = await systemHive(raw);

    const layers = join(own, 'layers');
    const nic = ['--nic', '00:50:56:95:08:bb'];
    const { edits } = await runJson(
      ['guest', 'fix', vmdk, '--into', layers, '--firmware', 'efi', ...nic],
      FIXED,
    );
    expect(edits.map(({ path }) => path)).toContain('/Windows/System32/config/SYSTEM');
    const overlay = ['--overlay', join(layers, 'disk0.qcow2')];
    const mended = join(own, 'mended.raw');
    expect(await runCli(['convert', vmdk, mended, ...overlay])).toMatchObject({ exitCode: 0 });
    const keys = exportHive(await systemHive(mended));
    expect(keys['ControlSet002\\Services\\stornvme']).toMatchObject({ Start: 'dword:00000000' });

    expect(await runCli(['guest', 'undo', layers])).toMatchObject({ exitCode: 0 });
    const undone = join(own, 'undone.raw');
    expect(await runCli(['convert', vmdk, undone, ...overlay])).toMatchObject({ exitCode: 0 });
    expect((await systemHive(undone)).equals(before)).toBe(true);
  });
});

describe.skipIf(!canMount)('run', () => {
  it('changes guests before it converts them, and reports what it did', async () => {
    const own = await ownFolder();
    const target = join(own, 'out');
    const args = ['run', ESTATE, '--target', target, '--only', 'web01', '--only', 'shop-db'];
    expect(await runCli(args)).toMatchObject({ exitCode: 0 });
    const extractTo = join(own, 'disks');
    await mkdir(extractTo);
    await expectGoodXva(join(target, 'web01.xva'), { extractTo });
    expect(await guestFile(join(extractTo, 'disk0.raw'), '/etc/fstab')).toMatch(/^UUID=/);
    const { machines } = REPORT.parse(JSON.parse(await readFile(join(target, 'report.json'), 'utf8')));
    const guests = new Map(machines.map(({ name, guest }) => [name, guest]));
    expect(guests.get('web01')).toMatchObject({ kind: 'mended', record: { profile: 'debian-12' } });
    // It has data alone.
    expect(guests.get('shop-db')).toMatchObject({ kind: 'left', reason: { code: 'GUEST_UNRECOGNIZED' } });
    expect(await readFile(join(target, 'report.html'), 'utf8')).toContain(
      'Changes inside Debian GNU/Linux 12',
    );
    expect(await readdir(join(target, '.xenferry', 'guests'))).toEqual([]);
  });

  it('changes a guest whose disk comes in chunks', async () => {
    const own = await ownFolder();
    const source = join(own, 'exports');
    const bytes = await readFile(WEB);
    const half = Math.ceil(bytes.length / 2);
    await writeExport(source, 'chunked', [
      { href: 'disk.vmdk', capacityBytes: 128 * MIB, packing: `ovf:chunkSize="${half}"` },
    ]);
    await writeFile(join(source, 'disk.vmdk.000000000'), bytes.subarray(0, half));
    await writeFile(join(source, 'disk.vmdk.000000001'), bytes.subarray(half));
    const target = join(own, 'out');
    expect(await runCli(['run', source, '--target', target])).toMatchObject({ exitCode: 0 });
    const { machines } = REPORT.parse(JSON.parse(await readFile(join(target, 'report.json'), 'utf8')));
    expect(machines).toMatchObject([{ guest: { kind: 'mended', record: { profile: 'debian-12' } } }]);
    expect(await visibleFiles(target)).toEqual(['chunked.xva', 'report.html', 'report.json']);
  });

  it('goes on after it was killed while it changed a guest', async () => {
    const target = join(await ownFolder(), 'out');
    const args = ['run', ESTATE, '--target', target, '--only', 'web01'];
    const run = startCli(args);
    const guests = join(target, '.xenferry', 'guests');
    const isMounted = async () => (await mountsIn(guests)).some((line) => line.includes('/mount'));
    await whenStarted(run, isMounted);
    run.kill('SIGKILL');
    await run;
    expect(await runCli(args)).toMatchObject({ exitCode: 0 });
    expect(await mountsIn(target)).toEqual([]);
    const { machines } = REPORT.parse(JSON.parse(await readFile(join(target, 'report.json'), 'utf8')));
    expect(machines).toMatchObject([{ name: 'web01', state: 'done', guest: { kind: 'mended' } }]);
  });

  it('fails a machine that must not be changed, unless the plan says to convert it as it is', async () => {
    const own = await ownFolder();
    const source = join(own, 'exports');
    await writeExport(source, 'locked', [{ href: 'locked.vmdk', capacityBytes: 16 * MIB }]);
    const raw = await emptyFile(join(own, 'locked.raw'), 16);
    await partition(raw, 'label: dos\nstart=1MiB, size=14MiB, type=83\n');
    const header = Buffer.concat([Buffer.from('LUKS\xba\xbe', 'latin1'), Buffer.from([0, 1])]);
    const disk = await readFile(raw);
    header.copy(disk, MIB);
    await writeFile(raw, disk);
    await tool('qemu-img', [
      'convert',
      '-O',
      'vmdk',
      '-o',
      'subformat=streamOptimized',
      raw,
      join(source, 'locked.vmdk'),
    ]);
    const migration = join(own, 'migration.yaml');
    await writeFile(migration, 'version: 1\nprofiles:\n  - {from: "*", to: debian-12}\n');

    const args = ['run', source, '-m', migration, '--target', join(own, 'out')];
    const refused = await runCli(args);
    expect(refused.exitCode).toBe(5);
    expect(refused.stderr).toMatch(/GUEST_REFUSED/);
    expect(refused.stderr).toMatch(/LUKS/);
    expectNoStack(refused.stderr);

    expect(await runCli([...args, '--fixups', 'attempted'])).toMatchObject({ exitCode: 0 });
    const { machines } = REPORT.parse(JSON.parse(await readFile(join(own, 'out', 'report.json'), 'utf8')));
    expect(machines).toMatchObject([
      { state: 'done', guest: { kind: 'left', reason: { code: 'GUEST_REFUSED' } } },
    ]);
  });
});
