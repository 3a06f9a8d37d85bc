import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { indexOva, type OvaMember } from '../../../src/ovf-parser/index.js';
import { rejection } from './errors.js';

const GIB = 2 ** 30;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'xenferry-'));
});
afterAll(() => rm(folder, { recursive: true }));

function tar(name: string, files: Readonly<Record<string, string>>, ...options: string[]): string {
  const content = path.join(folder, `${name}.content`);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(content, file)), { recursive: true });
    writeFileSync(path.join(content, file), text);
  }
  const archive = path.join(folder, name);
  execFileSync('tar', ['-cf', archive, '-C', content, ...options, ...Object.keys(files)]);
  return archive;
}

function contentOf(archive: string, { offset, length }: OvaMember): string {
  return readFileSync(archive).toString('utf8', offset, offset + length);
}

/** A header with a right checksum; `size` as 12 raw bytes. */
function header(name: string, size: Buffer, type = '0'): Buffer {
  const block = Buffer.alloc(512);
  block.write(name, 0);
  size.copy(block, 124);
  block.write(type, 156);
  block.write('ustar\0', 257, 'latin1');
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function octal(size: number): Buffer {
  return Buffer.from(`${size.toString(8).padStart(11, '0')}\0`);
}

function binary(size: number): Buffer {
  const field = Buffer.alloc(12);
  field.writeBigUInt64BE(BigInt(size), 4);
  field[0] = 0x80;
  return field;
}

/** Writes blocks and makes the file that long, sparse. */
function archive(name: string, length: number, ...blocks: readonly Buffer[]): string {
  const file = path.join(folder, name);
  writeFileSync(file, Buffer.concat(blocks));
  truncateSync(file, length);
  return file;
}

describe('the index of an OVA', () => {
  const long = `${'deep/'.repeat(30)}${'n'.repeat(120)}.vmdk`;
  const files = {
    'web01.ovf': '<Envelope/>',
    'empty.nvram': '',
    [long]: 'x'.repeat(1500),
    'web01.mf': 'SHA',
  };

  test.each([
    'ustar',
    'gnu',
    'posix',
  ])('finds every member of a %s archive where its bytes lie', async (format) => {
    const name = format === 'ustar' ? 'short/name.vmdk' : long;
    const written = { ...files, [name]: 'x'.repeat(1500) };
    if (format === 'ustar') delete written[long];
    const ova = tar(`${format}.ova`, written, `--format=${format}`);
    const members = await indexOva(ova);
    expect(members.map((member) => [member.name, contentOf(ova, member)])).toEqual(Object.entries(written));
  });

  test('joins the name parts of a ustar header', async () => {
    const name = `${'d'.repeat(90)}/${'f'.repeat(90)}`;
    const members = await indexOva(tar('prefix.ova', { [name]: 'x' }, '--format=ustar'));
    expect(members.map((member) => member.name)).toEqual([name]);
  });

  test('leaves folders and links out and drops ./ from names', async () => {
    const content = path.join(folder, 'tree');
    mkdirSync(path.join(content, 'sub'), { recursive: true });
    writeFileSync(path.join(content, 'a.ovf'), 'one');
    execFileSync('ln', ['-s', '/etc/passwd', path.join(content, 'b.vmdk')]);
    const ova = path.join(folder, 'tree.ova');
    execFileSync('tar', ['-cf', ova, '-C', content, '.']);
    expect((await indexOva(ova)).map(({ name }) => name)).toEqual(['a.ovf']);
  });

  test('understands sizes beyond 8 GiB in base-256 and in pax headers', async () => {
    const pax = Buffer.from(`20 size=${9 * GIB}\n`.replace(/^20/, '19'));
    const padded = Buffer.alloc(512);
    pax.copy(padded);
    const second = 512 + 9 * GIB;
    const file = archive('large.ova', second + 3 * 512 + 9 * GIB, header('a.vmdk', binary(9 * GIB)));
    const tail = Buffer.concat([header('pax', octal(pax.length), 'x'), padded, header('b.vmdk', octal(0))]);
    const fs = await import('node:fs/promises');
    const handle = await fs.open(file, 'r+');
    await handle.write(tail, 0, tail.length, second);
    await handle.close();
    expect(await indexOva(file)).toEqual([
      { name: 'a.vmdk', offset: 512, length: 9 * GIB },
      { name: 'b.vmdk', offset: second + 1536, length: 9 * GIB },
    ]);
  });

  test('tolerates a missing end mark', async () => {
    const file = archive('no-end.ova', 1024, header('a.ovf', octal(5)), Buffer.from('hello'));
    expect(await indexOva(file)).toEqual([{ name: 'a.ovf', offset: 512, length: 5 }]);
  });

  test('refuses a truncated archive with the offset of the member that is cut', async () => {
    const ova = tar('cut.ova', { 'a.ovf': 'x', 'b.vmdk': 'y'.repeat(5000) });
    truncateSync(ova, 4000);
    const error = await rejection(indexOva(ova));
    expect(error).toMatchObject({ code: 'OVA_MALFORMED', place: { offset: 1024 } });
    expect(error.message).toContain('truncated');
    truncateSync(ova, 1300);
    expect(await rejection(indexOva(ova))).toMatchObject({ code: 'OVA_MALFORMED', place: { offset: 1024 } });
  });

  test.each([
    ['a block that is no header', [Buffer.alloc(512, 'x')]],
    ['a wrong checksum', [header('a', octal(0)).fill('b', 0, 1)]],
    ['a bad size', [header('a', Buffer.from('99999999999\0'))]],
    ['a size of 2^63', [header('a', binary(2 ** 62))]],
    ['a sparse member', [header('a', octal(0), 'S')]],
    ['a pax record that overruns', [header('p', octal(6), 'x'), Buffer.from('99 a=b')]],
    ['a pax record of length 0', [header('p', octal(12), 'x'), Buffer.from('6 a=b\n0 a=b\n')]],
    ['an extended header of 1 MiB', [header('L', octal(2 ** 20), 'L')]],
    ['gzip compression', [gzipSync(Buffer.from('x'.repeat(5000)))]],
    ['endless members', Array.from({ length: 4100 }, () => header('a', octal(0)))],
  ])('refuses %s', async (_, blocks) => {
    const size = Buffer.concat(blocks).length;
    const file = archive('bad.ova', Math.max(Math.ceil(size / 512) * 512, 2 ** 21 + 512), ...blocks);
    expect(await rejection(indexOva(file))).toMatchObject({ code: 'OVA_MALFORMED', place: { file } });
  });

  test('says when there is no file', async () => {
    expect((await rejection(indexOva(path.join(folder, 'none.ova')))).code).toBe('SOURCE_NOT_FOUND');
  });
});
