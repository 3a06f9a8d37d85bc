import { mkdtempSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { MIB } from '../../src/model/units.js';
import { CONVERTED } from '../support/cli-documents.js';
import { contentOf } from '../support/content.js';
import { makeEmptyRaw, makeMixedRaw, makeVmdk, noise } from '../support/disk-maker.js';
import { expectHolds } from '../support/expect-holds.js';
import { sha256Of, visibleFiles } from '../support/file-facts.js';
import { runCli, runJson } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';

const FORMATS = ['vhd', 'raw', 'xva'] as const;
type Format = (typeof FORMATS)[number];

/** No multiple of a grain, of a VHD block or of a track. */
const ODD_CAPACITY = 37 * MIB + 3 * 512;

const { folder } = tempFiles();
const mixed = join(folder, 'mixed.raw');

beforeAll(async () => {
  await makeMixedRaw(mixed, ODD_CAPACITY);
});

function newFolder(): string {
  return mkdtempSync(join(folder, 'case-'));
}

/** Converts `input` and checks everything about the result; returns its JSON document. */
async function expectConverts(input: string, format: Format, raw: string, ...options: string[]) {
  const out = newFolder();
  const output = join(out, `disk.${format}`);
  const result = await runJson(['convert', input, output, ...options], CONVERTED);
  const { size } = await stat(raw);
  const facts = { capacityBytes: size, fileBytes: (await stat(output)).size, ...(await contentOf(raw)) };
  expect(result).toMatchObject({ input, output, format, ...facts });
  expect(await visibleFiles(out)).toEqual([`disk.${format}`]);
  await expectHolds({ output, format, raw });
  return result;
}

describe('a streamOptimized disk', () => {
  const vmdk = join(folder, 'streamOptimized.vmdk');

  beforeAll(async () => {
    await makeVmdk(mixed, vmdk, 'streamOptimized');
  });

  it.each(FORMATS)('becomes a %s of the same content, and the same bytes each time', async (format) => {
    const first = await expectConverts(vmdk, format, mixed, '--workers', '1');
    const again = join(newFolder(), `disk.${format}`);
    const second = await runJson(['convert', vmdk, again, '--workers', '2'], CONVERTED);
    expect(await sha256Of(again)).toBe(await sha256Of(first.output));
    expect(second.digest).toBe(first.digest);
  });
});

describe.each([
  { format: 'vhd', subformat: 'monolithicFlat' },
  { format: 'raw', subformat: 'streamOptimized' },
  { format: 'xva', subformat: 'monolithicSparse' },
] as const)('a $subformat disk at the edge of what a $format can hold', ({ format, subformat }) => {
  it('may be bare zeros', async () => {
    const raw = join(newFolder(), 'zeros.raw');
    await makeEmptyRaw(raw, 6 * MIB);
    await makeVmdk(raw, `${raw}.vmdk`, subformat);
    const { dataBytes } = await expectConverts(`${raw}.vmdk`, format, raw);
    expect(dataBytes).toBe(0);
  });

  it('may be a single sector', async () => {
    const raw = join(newFolder(), 'sector.raw');
    await writeFile(raw, noise(21, 512));
    await makeVmdk(raw, `${raw}.vmdk`, subformat);
    await expectConverts(`${raw}.vmdk`, format, raw);
  });
});

describe('the output of convert', () => {
  it('is never replaced unasked', async () => {
    const out = join(newFolder(), 'disk.vhd');
    await writeFile(out, 'precious');
    const refused = await runCli(['convert', mixed, out]);
    expect(refused.exitCode).toBe(5);
    expect(refused.stderr).toMatch(/^error: .*disk\.vhd.*\(TARGET_EXISTS\)\nhint: .*--force/);
    expect(await readFile(out, 'utf8')).toBe('precious');

    expect((await runCli(['convert', mixed, out, '--force'])).exitCode).toBe(0);
    await expectHolds({ output: out, format: 'vhd', raw: mixed });
  });

  it('is never its own input', async () => {
    const image = join(newFolder(), 'disk.img');
    await makeMixedRaw(image, ODD_CAPACITY);
    const before = await sha256Of(image);
    expect((await runCli(['convert', image, image, '--format', 'raw', '--force'])).exitCode).toBe(2);
    expect(await sha256Of(image)).toBe(before);
  });

  it('is a VHD where neither its name nor --format asks for more', async () => {
    const out = newFolder();
    const formatOf = async (name: string, ...options: string[]) =>
      (await runJson(['convert', mixed, join(out, name), ...options], CONVERTED)).format;
    expect(await formatOf('c.img')).toBe('vhd');
    expect(await formatOf('d.img', '--format', 'raw')).toBe('raw');
  });

  it('stands under a name with spaces, colons and letters of any script', async () => {
    const strange = join(newFolder(), 'a: b', 'ünï 盘');
    await mkdir(strange, { recursive: true });
    const vmdk = join(strange, 'disk (1).vmdk');
    await makeVmdk(mixed, vmdk, 'monolithicFlat');
    const output = join(strange, 'out: 1.vhd');
    expect((await runCli(['convert', vmdk, output])).exitCode).toBe(0);
    await expectHolds({ output, format: 'vhd', raw: mixed });
  });

  it('is told in one line of text', async () => {
    const output = join(newFolder(), 'disk.vhd');
    const { exitCode, stdout, stderr } = await runCli(['convert', mixed, output]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(stdout).toContain(output);
  });
});
