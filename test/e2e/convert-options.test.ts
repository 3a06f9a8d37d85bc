import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { copyFile, readFile, rename, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { MIB } from '../../src/model/units.js';
import { CONVERTED } from '../support/cli-documents.js';
import { type Content, contentOf } from '../support/content.js';
import { expectErrorLines, expectNoStack } from '../support/error-lines.js';
import { expectHolds } from '../support/expect-holds.js';
import { visibleFiles } from '../support/file-facts.js';
import { makeGuest } from '../support/inputs/guest.js';
import type { Guest } from '../support/inputs/input-kind.js';
import { makeCowdSnapshot } from '../support/inputs/vmdk-inputs.js';
import { expectSameContent } from '../support/oracles.js';
import { runCli, runJson, startUnread } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';

const { folder } = tempFiles();
let guest: Guest;

beforeAll(async () => {
  guest = await makeGuest(folder);
});

function newFolder(): string {
  return mkdtempSync(join(folder, 'case-'));
}

async function expectRefused(code: string, exitCode: number, args: readonly string[]): Promise<string> {
  const refused = await runCli(['convert', ...args]);
  expectErrorLines(refused.stderr, { code, names: ['error: '] });
  expectNoStack(refused.stderr);
  expect(refused.exitCode).toBe(exitCode);
  return refused.stderr;
}

describe('--digest sha256', () => {
  let content: Content;
  beforeAll(async () => {
    content = await contentOf(guest.raw, 'sha256');
  });

  it.each([
    'vhd',
    'fixed-vhd',
    'qcow2',
    'raw',
    'xva',
  ])('tells of a %s what plain reading finds, for any number of threads', async (format) => {
    for (const threads of ['1', '2']) {
      const args = [guest.raw, join(newFolder(), 'disk'), '--format', format, '--workers', threads];
      expect(await runJson(['convert', ...args, '--digest', 'sha256'], CONVERTED)).toMatchObject(content);
    }
  });

  it('tells the same of a disk that comes and goes in other formats', async () => {
    const vmdk = await makeCowdSnapshot(newFolder(), guest);
    const { stderr } = await runCli([
      'convert',
      vmdk,
      '-',
      '--format',
      'vhd',
      '--digest',
      'sha256',
      '--json',
    ]);
    expect(CONVERTED.parse(JSON.parse(stderr))).toMatchObject(content);
  });
});

describe('--overlay', () => {
  /** What a guest did on top of the disk since. */
  async function makeOverlay(at: string, backing: string, backingFormat: string): Promise<string> {
    const overlay = join(at, 'overlay.qcow2');
    await execa('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', backing, '-F', backingFormat, overlay]);
    const commands = ['write -P 7 1M 70k', 'write -z 25M 3M', 'write -P 9 15M 512', 'write -z 0 64k'];
    await execa('qemu-io', ['-f', 'qcow2', ...commands.flatMap((command) => ['-c', command]), overlay]);
    return overlay;
  }

  it.each([
    'vhd',
    'qcow2',
    'raw',
    'xva',
  ] as const)('gives a %s of what QEMU sees of the layer', async (format) => {
    const at = newFolder();
    const vmdk = await makeCowdSnapshot(at, guest);
    const overlay = await makeOverlay(at, guest.raw, 'raw');
    const seen = join(at, 'seen.raw');
    await execa('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', overlay, seen]);
    const output = join(at, 'disk.out');
    const args = ['convert', vmdk, output, '--format', format, '--overlay', overlay];
    const { digest } = await runJson(args, CONVERTED);
    await expectHolds({ output, format, raw: seen });
    expect(digest).toBe((await contentOf(seen)).digest);
  });

  it('of another disk is refused', async () => {
    const at = newFolder();
    const other = join(at, 'other.raw');
    await copyFile(guest.raw, other);
    await truncate(other, 40 * MIB);
    const overlay = await makeOverlay(at, other, 'raw');
    await expectRefused('CONFIG_INVALID', 2, [guest.raw, join(at, 'disk.vhd'), '--overlay', overlay]);
  });

  it('that is not there, or no qcow2, is refused', async () => {
    const at = newFolder();
    const output = join(at, 'disk.vhd');
    await expectRefused('SOURCE_NOT_FOUND', 5, [guest.raw, output, '--overlay', join(at, 'nowhere')]);
    await expectRefused('QCOW2_INVALID', 5, [guest.raw, output, '--overlay', guest.raw]);
    expect(await visibleFiles(at)).toEqual([]);
  });
});

describe('--parent', () => {
  /** The earlier state as `base.vhd`, and the snapshot whose changes are wanted. */
  async function makePair(): Promise<{ at: string; parent: string; vmdk: string }> {
    const at = newFolder();
    const vmdk = await makeCowdSnapshot(newFolder(), guest);
    const parent = join(at, 'base.vhd');
    expect(await runCli(['convert', guest.beforeRaw, parent])).toMatchObject({ exitCode: 0 });
    return { at, parent, vmdk };
  }

  it('gives a differencing VHD that shows the snapshot, the same for any number of threads', async () => {
    const { at, parent, vmdk } = await makePair();
    const output = join(at, 'snapshot.vhd');
    const first = await runJson(['convert', vmdk, output, '--parent', parent, '--workers', '1'], CONVERTED);
    const bytes = await readFile(output);
    expect(first.fileBytes).toBe(bytes.length);
    expect(bytes.length).toBeLessThan(20 * MIB);
    const seen = join(at, 'seen.raw');
    await execa('python3', ['test/oracles/vhd_read.py', output, seen]);
    await expectSameContent({ path: guest.raw, format: 'raw' }, { path: seen, format: 'raw' });
    expect(await runCli(['check', output])).toMatchObject({ exitCode: 0 });
    await runCli(['convert', vmdk, output, '--parent', parent, '--workers', '2', '--force']);
    expect((await readFile(output)).equals(bytes)).toBe(true);
  });

  it('moved away is missed by check', async () => {
    const { at, parent, vmdk } = await makePair();
    const output = join(at, 'snapshot.vhd');
    await runCli(['convert', vmdk, output, '--parent', parent]);
    await rename(parent, `${parent}.away`);
    const { exitCode, stderr } = await runCli(['check', output]);
    expect(exitCode).toBe(5);
    expect(stderr).toContain('the parent is not beside the disk');
  });

  it('is refused for a whole disk, another folder, another size, another format and a pipe', async () => {
    const { at, parent, vmdk } = await makePair();
    const output = join(at, 'snapshot.vhd');
    await expectRefused('CONFIG_INVALID', 2, [guest.raw, output, '--parent', parent]);
    await expectRefused('CONFIG_INVALID', 2, [vmdk, join(newFolder(), 'd.vhd'), '--parent', parent]);
    await expectRefused('CONFIG_INVALID', 2, [vmdk, output, '--parent', parent, '--format', 'qcow2']);
    await expectRefused('CONFIG_INVALID', 2, [vmdk, '-', '--parent', parent]);
    await expectRefused('SOURCE_NOT_FOUND', 5, [vmdk, output, '--parent', join(at, 'nowhere.vhd')]);
    await expectRefused('VHD_INVALID', 5, [vmdk, output, '--parent', await plainCopy(at)]);
    const small = join(at, 'small.raw');
    await writeFile(small, Buffer.alloc(4 * MIB));
    await runCli(['convert', small, join(at, 'small.vhd')]);
    await expectRefused('VHD_PARENT_MISMATCH', 5, [vmdk, output, '--parent', join(at, 'small.vhd')]);
    expect(await visibleFiles(at)).toEqual(['base.vhd', 'plain.vhd', 'small.raw', 'small.vhd']);
  });

  it('is never the output', async () => {
    const { parent, vmdk } = await makePair();
    const before = await readFile(parent);
    await expectRefused('CONFIG_INVALID', 2, [vmdk, parent, '--parent', parent, '--force']);
    expect((await readFile(parent)).equals(before)).toBe(true);
  });

  /** No VHD, whatever its name. */
  async function plainCopy(at: string): Promise<string> {
    const plain = join(at, 'plain.vhd');
    await copyFile(guest.raw, plain);
    return plain;
  }
});

describe('--force', () => {
  async function expectKept(at: string, kept: string, args: readonly string[]): Promise<void> {
    const files = await visibleFiles(at);
    const before = await readFile(join(at, kept));
    await expectRefused('CONFIG_INVALID', 2, [...args, join(at, kept), '--force']);
    expect((await readFile(join(at, kept))).equals(before)).toBe(true);
    expect(await visibleFiles(at)).toEqual(files);
  }

  it.each([
    'disk.vmdk',
    'disk-delta.vmdk',
    'base.vmdk',
    'base-flat.vmdk',
  ])('never replaces %s of a snapshot', async (name) => {
    const at = newFolder();
    await expectKept(at, name, [await makeCowdSnapshot(at, guest)]);
  });

  it('never replaces the overlay, nor the OVA around the disk', async () => {
    const at = newFolder();
    const overlay = join(at, 'overlay.qcow2');
    await execa('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', guest.raw, '-F', 'raw', overlay]);
    await expectKept(at, 'overlay.qcow2', [guest.raw, '--overlay', overlay]);
    await execa('tar', ['--format=ustar', '-cf', join(at, 'vm.ova'), '-C', folder, 'guest.raw']);
    await expectKept(at, 'vm.ova', [join(at, 'vm.ova', 'guest.raw')]);
  });
});

describe('--input-format', () => {
  it('raw takes an image for a disk as it stands', async () => {
    const at = newFolder();
    const qcow2 = join(at, 'disk.qcow2');
    await execa('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', guest.raw, qcow2]);
    const output = join(at, 'disk.raw');
    expect(await runCli(['convert', qcow2, output, '--input-format', 'raw'])).toMatchObject({ exitCode: 0 });
    expect((await readFile(output)).equals(await readFile(qcow2))).toBe(true);
  });

  it.each([
    ['vmdk', 'VMDK_BAD_MAGIC'],
    ['vhd', 'VHD_INVALID'],
    ['qcow2', 'QCOW2_INVALID'],
  ])('%s refuses what is none', async (format, code) => {
    const output = join(newFolder(), 'disk.out');
    await expectRefused(code, 5, [guest.raw, output, '--input-format', format]);
    expect(await visibleFiles(dirname(output))).toEqual([]);
  });
});

describe('a pipe', () => {
  it.each(['vhd', 'qcow2', 'raw', 'xva'])('of %s whose reader goes away ends in words', async (format) => {
    const run = startUnread(['convert', guest.raw, '-', '--format', format]);
    await once(run.stdout, 'readable');
    run.stdout.destroy();
    const { exitCode, stderr } = await run;
    expectErrorLines(stderr, { code: 'TARGET_UNWRITABLE', names: ['error: '] });
    expectNoStack(stderr);
    expect(exitCode).toBe(5);
  });

  it('of a fixed VHD is refused with another way', async () => {
    const said = await expectRefused('CONFIG_INVALID', 2, [guest.raw, '-', '--format', 'fixed-vhd']);
    expect(said).toContain('--format raw');
  });
});

describe('a disk over 2040 GiB', () => {
  const [vmdk, raw] = [join(folder, 'huge.vmdk'), join(folder, 'huge.raw')];
  beforeAll(async () => {
    await execa('qemu-img', ['create', '-q', '-f', 'raw', raw, '2560G']);
    const sparse = ['-o', 'subformat=monolithicSparse'];
    await execa('qemu-img', ['create', '-q', '-f', 'vmdk', ...sparse, vmdk, '2560G']);
    const commands = ['write -P 3 0 1M', 'write -P 4 1300G 64k', 'write -P 5 2621439M 1M'];
    for (const [format, image] of [
      ['raw', raw],
      ['vmdk', vmdk],
    ] as const) {
      await execa('qemu-io', ['-f', format, ...commands.flatMap((command) => ['-c', command]), image]);
    }
  });

  it.each(['vhd', 'fixed-vhd'])('is too large for a %s, and what takes it is named', async (format) => {
    const at = newFolder();
    const said = await expectRefused('VHD_TOO_LARGE', 5, [vmdk, join(at, 'disk'), '--format', format]);
    expect(said).toMatch(/^hint: .*(qcow2|raw)/m);
    expect(await visibleFiles(at)).toEqual([]);
  });

  it('is too large for a VHD in a pipe as well', async () => {
    await expectRefused('VHD_TOO_LARGE', 5, [vmdk, '-', '--format', 'vhd']);
  });

  it.each(['qcow2', 'raw'] as const)('becomes a %s', async (format) => {
    const output = join(newFolder(), 'disk.out');
    const { fileBytes } = await runJson(['convert', vmdk, output, '--format', format], CONVERTED);
    if (format === 'raw') expect(fileBytes).toBe(2560 * 1024 * MIB);
    else await execa('qemu-img', ['check', '-f', 'qcow2', output]);
    await expectSameContent({ path: raw, format: 'raw' }, { path: output, format });
  });
});
