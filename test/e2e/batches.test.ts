import { existsSync, mkdtempSync } from 'node:fs';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { MIB } from '../../src/model/units.js';
import { STATUS } from '../support/cli-documents.js';
import { makeVmdk, noise } from '../support/disk-maker.js';
import { expectErrorLines, expectNoStack } from '../support/error-lines.js';
import { writeExport } from '../support/export-maker.js';
import { grownTo, visibleFiles } from '../support/file-facts.js';
import { expectGoodXva } from '../support/oracles.js';
import { runCli, runJson, startCli } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';

const { folder } = tempFiles();
const source = join(folder, 'source');

beforeAll(async () => {
  await writeFile(join(folder, 'disk.raw'), noise(1, 2 * MIB));
  for (const name of ['one', 'two']) {
    await writeExport(join(source, name), name, [{ href: 'disk.vmdk', capacityBytes: 2 * MIB }]);
    await makeVmdk(join(folder, 'disk.raw'), join(source, name, 'disk.vmdk'), 'streamOptimized');
  }
});

function newTarget(): string {
  return join(mkdtempSync(join(folder, 'case-')), 'out');
}

async function run(...args: string[]) {
  const result = await runCli(['run', ...args]);
  expect(result.exitCode, result.stderr).toBe(0);
  return result;
}

async function namesInStatus(target: string): Promise<string[]> {
  return (await runJson(['status', target], STATUS)).machines.map(({ name }) => name);
}

describe('a target folder that serves several runs', () => {
  it('tells of the run that came last, also when it repeats an older one', async () => {
    const target = newTarget();
    await run(join(source, 'one'), '--target', target);
    await run(join(source, 'two'), '--target', target);
    const { stdout } = await run(join(source, 'one'), '--target', target);
    expect(stdout).toContain('one.xva');
    expect(stdout).not.toContain('two.xva');
    expect(await namesInStatus(target)).toEqual(['one']);
  });

  it('does not convert finished machines again after a run that left them out', async () => {
    const target = newTarget();
    await run(source, '--target', target);
    const { ino, mtimeMs } = await stat(join(target, 'two.xva'));
    await run(source, '--only', 'one', '--target', target);
    await run(source, '--target', target);
    expect(await stat(join(target, 'two.xva'))).toMatchObject({ ino, mtimeMs });
  });

  it('converts again what was taken away, and only that', async () => {
    const target = newTarget();
    await run(source, '--target', target);
    const { ino, mtimeMs } = await stat(join(target, 'two.xva'));
    await rm(join(target, 'one.xva'));
    await run(source, '--target', target);
    await expectGoodXva(join(target, 'one.xva'));
    expect(await stat(join(target, 'two.xva'))).toMatchObject({ ino, mtimeMs });
  });

  it('never gives up a file of another origin', async () => {
    const target = newTarget();
    await mkdir(target);
    await writeFile(join(target, 'one.xva'), 'precious');
    const { exitCode, stderr } = await runCli(['run', source, '--target', target]);
    expect(exitCode).toBe(4);
    expectErrorLines(stderr, { code: 'TARGET_EXISTS', names: ['one'] });
    expect((await stat(join(target, 'one.xva'))).size).toBe('precious'.length);
    expect(existsSync(join(target, 'two.xva'))).toBe(true);
  });

  it('is no file, and no folder below one', async () => {
    const file = join(mkdtempSync(join(folder, 'case-')), 'file');
    await writeFile(file, '');
    for (const target of [file, join(file, 'below')]) {
      const { exitCode, stderr } = await runCli(['run', source, '--target', target]);
      expectNoStack(stderr);
      expectErrorLines(stderr, { code: 'TARGET_UNWRITABLE', names: ['error: ', target] });
      expect(exitCode).toBe(5);
    }
  });
});

it('says so when the report cannot be written, and keeps what it converted', async () => {
  const target = newTarget();
  await mkdir(join(target, 'report.html'), { recursive: true });
  const { exitCode, stderr } = await runCli(['run', source, '--target', target]);
  expectNoStack(stderr);
  expectErrorLines(stderr, { code: 'TARGET_UNWRITABLE', names: ['error: ', 'report.html'] });
  expect(exitCode).toBe(5);
  await expectGoodXva(join(target, 'one.xva'));
});

// The log of the ledger grows with every table that is made; the last moment is when all of them are.
it.each([
  0, 20_000, 40_000, 60_000, 80_000, 100_000,
])('kill -9 while the ledger is made (log of %i bytes) leaves none that cannot be used', async (bytes) => {
  const target = newTarget();
  const killed = startCli(['run', source, '--target', target]);
  await grownTo(join(target, '.xenferry', 'ledger.sqlite-wal'), bytes, killed);
  killed.kill('SIGKILL');
  await killed;
  await run(source, '--target', target);
  await expectGoodXva(join(target, 'one.xva'));
});

describe('a run of nothing', () => {
  it.each([
    ['a folder without machines', []],
    ['a pattern that fits no machine', ['--only', 'three*']],
  ])('is blocked and writes nothing: %s', async (title, options) => {
    const target = newTarget();
    const from = title.startsWith('a folder') ? mkdtempSync(join(folder, 'empty-')) : source;
    const { exitCode, stderr } = await runCli(['run', from, '--target', target, ...options]);
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/^error: .*PLAN_NO_MACHINES.*\nhint: ./m);
    expect(existsSync(target)).toBe(false);
  });

  it('is refused with 5 when its source does not exist', async () => {
    const { exitCode, stderr } = await runCli(['run', join(folder, 'nowhere'), '--target', newTarget()]);
    expect(exitCode).toBe(5);
    expectErrorLines(stderr, { code: 'SOURCE_NOT_FOUND', names: ['error: ', 'nowhere'] });
  });
});

it.each([
  [['frobnicate']],
  [['run']],
  [['run', '.', '--workers', '0']],
  [['run', '.', '--parallel', 'many']],
  [['convert', 'a.vmdk', 'b.zip', '--format', 'zip']],
  [['check', 'a.xva', '--frobnicate']],
])('wrong usage ends with 2 and a hint: %j', async (args) => {
  const at = mkdtempSync(join(folder, 'usage-'));
  const { exitCode, stdout, stderr } = await runCli(args, at);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toMatch(/^error: [\s\S]*\nhint: ./);
  expectNoStack(stderr);
  expect(await visibleFiles(at)).toEqual([]);
});
