import { existsSync, mkdtempSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { MIB } from '../../src/model/units.js';
import { writeBigEstate } from '../support/big-estate.js';
import { CHECKED } from '../support/cli-documents.js';
import { expectErrorLines } from '../support/error-lines.js';
import { grownTo, sha256Of, visibleFiles } from '../support/file-facts.js';
import { expectGoodXva } from '../support/oracles.js';
import { runCli, startCli } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';

const ESTATE = fileURLToPath(new URL('../../samples/estate', import.meta.url));
const { folder } = tempFiles();
const source = join(folder, 'source');
const small = join(folder, 'small');
const plain = join(folder, 'plain');

beforeAll(async () => {
  await mkdir(source);
  await writeBigEstate(source, [{ name: 'alpha', disks: [96 * MIB, 32 * MIB] }]);
  await mkdir(small);
  await writeBigEstate(small, [{ name: 'alpha', disks: [12 * MIB, 4 * MIB] }]);
  expect(await runCli(['run', source, '--target', plain])).toMatchObject({ exitCode: 0 });
});

function newTarget(): string {
  return join(mkdtempSync(join(folder, 'case-')), 'out');
}

function argumentsOf(target: string, from = source): string[] {
  return ['run', from, '--target', target, '--into', 'xva-zstd', '--fixups', 'off'];
}

async function unpack(xva: string): Promise<string> {
  const to = `${xva}.unpacked`;
  await execa('zstd', ['-d', '-q', '-f', xva, '-o', to]);
  return to;
}

describe('an XVA compressed by zstd', () => {
  it('is the same archive as without, for every machine of the sample estate', async () => {
    const [packed, whole] = [newTarget(), newTarget()];
    expect(await runCli(argumentsOf(packed, ESTATE))).toMatchObject({ exitCode: 0 });
    expect(await runCli(['run', ESTATE, '--target', whole, '--fixups', 'off'])).toMatchObject({
      exitCode: 0,
    });
    for (const name of ['erp', 'files01 (old)', 'gateway', 'shop-app', 'shop-db', 'web01']) {
      const unpacked = await unpack(join(packed, `${name}.xva`));
      expect(await sha256Of(unpacked)).toBe(await sha256Of(join(whole, `${name}.xva`)));
      expect((await stat(join(packed, `${name}.xva`))).size).toBeLessThan((await stat(unpacked)).size);
    }
    await expectGoodXva(`${join(packed, 'files01 (old).xva')}.unpacked`);
  });

  it('starts afresh after a kill, and ends with the same archive', async () => {
    const target = newTarget();
    const running = startCli(argumentsOf(target));
    await grownTo(join(target, 'alpha.xva.partial'), 4 * MIB, running);
    running.kill('SIGKILL');
    await running;
    expect(existsSync(join(target, 'alpha.xva'))).toBe(false);
    expect(await runCli(argumentsOf(target))).toMatchObject({ exitCode: 0 });
    expect(await visibleFiles(target)).toEqual(['alpha.xva', 'report.html', 'report.json']);
    const unpacked = await unpack(join(target, 'alpha.xva'));
    expect(await sha256Of(unpacked)).toBe(await sha256Of(join(plain, 'alpha.xva')));
  });

  it('leaves nothing half after SIGINT', async () => {
    const target = newTarget();
    const running = startCli(argumentsOf(target));
    await grownTo(join(target, 'alpha.xva.partial'), 4 * MIB, running);
    running.kill('SIGINT');
    expect((await running).exitCode).toBe(130);
    expect(await visibleFiles(target)).toEqual(['report.html', 'report.json']);
  });

  it('replaces an archive of the same machine, and no other file', async () => {
    const target = newTarget();
    await mkdir(target, { recursive: true });
    await writeFile(join(target, 'alpha.xva'), 'something else');
    const refused = await runCli(argumentsOf(target, small));
    expect(refused.stdout).toContain('TARGET_EXISTS');
    expect(await readFile(join(target, 'alpha.xva'), 'utf8')).toBe('something else');

    const other = newTarget();
    expect(await runCli(['run', small, '--target', other, '--fixups', 'off'])).toMatchObject({
      exitCode: 0,
    });
    const { size } = await stat(join(other, 'alpha.xva'));
    expect(await runCli(argumentsOf(other, small))).toMatchObject({ exitCode: 0 });
    expect((await stat(join(other, 'alpha.xva'))).size).toBeLessThan(size);
    expect(await runCli(['run', small, '--target', other, '--fixups', 'off'])).toMatchObject({
      exitCode: 0,
    });
    expect((await stat(join(other, 'alpha.xva'))).size).toBe(size);
  });

  it('is judged by check, which finds a single wrong bit', async () => {
    const target = newTarget();
    expect(await runCli(argumentsOf(target, small))).toMatchObject({ exitCode: 0 });
    const path = join(target, 'alpha.xva');
    const good = await runCli(['check', path, '--json']);
    expect(CHECKED.parse(JSON.parse(good.stdout))).toEqual({
      file: path,
      format: 'xva',
      disks: [{ virtualBytes: 16 * MIB }, { virtualBytes: 6 * MIB }],
      findings: [],
    });
    const bytes = await readFile(path);
    const middle = bytes.length >> 1;
    bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    await writeFile(path, bytes);
    const bad = await runCli(['check', path, '--json']);
    expect(bad.exitCode).not.toBe(0);
    expect(CHECKED.parse(JSON.parse(bad.stdout)).findings).toHaveLength(1);
  });
});

describe('where zstd is not installed', () => {
  const { PATH } = process.env;
  afterEach(() => {
    process.env.PATH = PATH;
  });

  it('the plan says so, and nothing is begun', async () => {
    const target = newTarget();
    process.env.PATH = folder;
    const { exitCode, stderr } = await runCli(argumentsOf(target, small));
    expect(exitCode).not.toBe(0);
    expectErrorLines(stderr, { code: 'TOOL_MISSING', names: ['zstd'] });
    expect(existsSync(target)).toBe(false);
  });
});
