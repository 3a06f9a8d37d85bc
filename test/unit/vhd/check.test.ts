import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkVhd, encodeFixedVhdFooter, vhdLayout } from '../../../src/vhd/index.js';
import { vhdiMediaBytes } from '../../support/oracles.js';
import { tempFiles } from '../../support/temp-files.js';
import { assembleVhd } from './assemble-vhd.js';
import { seal, uuidOf } from './vhd-builder.js';

const { folder } = tempFiles();
const MIB = 1024 * 1024;

function put(bytes: Uint8Array, name: string, into = mkdtempSync(join(folder, 'case-'))): string {
  const path = join(into, name);
  writeFileSync(path, bytes);
  return path;
}

async function findingsOf(path: string): Promise<readonly string[]> {
  return (await checkVhd(path)).findings;
}

describe('a fixed VHD', () => {
  const disk = Buffer.alloc(4 * MIB, 'data');
  const footer = encodeFixedVhdFooter(disk.length, uuidOf('fixed'));

  it('of ours is good, and the disk to QEMU and libvhdi too', async () => {
    const path = put(Buffer.concat([disk, footer]), 'fixed.vhd');
    expect(await checkVhd(path)).toEqual({ virtualBytes: 4 * MIB, storedBlocks: 2, findings: [] });
    expect(await vhdiMediaBytes(path)).toBe(4 * MIB);
    const raw = put(disk, 'disk.raw');
    execFileSync('qemu-img', ['compare', '-f', 'vpc', '-F', 'raw', path, raw]);
  });

  it.each<[string, Buffer, (footer: Buffer) => void]>([
    ['data offset', disk, (bytes) => bytes.writeBigUInt64BE(512n, 16)],
    ['ends before its disk', disk.subarray(512), () => {}],
    ['newer tapdisk', disk, (bytes) => bytes.writeUInt32BE(0x0001_0004, 32)],
    ['reserved bytes', disk, (bytes) => bytes.writeUInt8(1, 500)],
  ])('is found bad: %s', async (finding, data, damage) => {
    const bytes = Buffer.from(footer);
    damage(bytes);
    const path = put(Buffer.concat([data, seal(bytes, 64)]), 'bad.vhd');
    expect(await findingsOf(path)).toEqual([expect.stringContaining(finding)]);
  });
});

describe('a differencing VHD', () => {
  const parent = { name: 'bäse.vhd', uuid: uuidOf('base'), timestamp: 0 };
  const layout = vhdLayout(8 * MIB, { parent });
  const file = assembleVhd(layout, uuidOf('child'), [0, 5, 0, 6]);
  const base = assembleVhd(vhdLayout(8 * MIB), parent.uuid, [1, 2, 0, 0]);
  const [macx, w2ru] = layout.locators;

  /** A delta and its parent, if it has one. */
  function putPair(child: Buffer, below: Buffer | null = base): string {
    const path = put(child, 'child.vhd');
    if (below !== null) put(below, parent.name, join(path, '..'));
    return path;
  }

  it('of ours is good', async () => {
    expect(await checkVhd(putPair(file))).toEqual({ virtualBytes: 8 * MIB, storedBlocks: 2, findings: [] });
  });

  it('names its parent to libvhdi, and is read with it by a program of the specification', () => {
    const path = putPair(file);
    const info = execFileSync('vhdiinfo', [path], { encoding: 'utf8' });
    expect(info).toMatch(/Disk type\s+: Differential/);
    expect(info).toMatch(/Parent identifier\s+: 62617365-2d62-6173-652d-626173652d62/);
    expect(info).toMatch(/Parent filename\s+: bäse\.vhd/);
    execFileSync('python3', ['test/oracles/vhd_read.py', path, `${path}.raw`]);
    const blocks = [1, 5, 0, 6].map((flag) => Buffer.alloc(2 * MIB, flag));
    expect(readFileSync(`${path}.raw`).equals(Buffer.concat(blocks))).toBe(true);
  });

  it.each<[string, (header: Buffer, bytes: Buffer) => void]>([
    ['parent has no UUID', (header) => header.fill(0, 40, 56)],
    ['time of the parent', (header) => header.writeUInt32BE(0xffff_0000, 56)],
    ['parent has no name', (header) => header.fill(0, 64, 576)],
    ['locator 1 names', (_, bytes) => bytes.write('other.vhd', (macx?.offset ?? 0) + 9)],
    ['locator 2 names', (_, bytes) => bytes.fill('x', w2ru?.offset, (w2ru?.offset ?? 0) + 8)],
    ['locator 2 lies outside', (header) => header.writeBigUInt64BE(1n << 40n, 576 + 24 + 16)],
    ['locator 1 is of an unknown', (header) => header.write('MACX', 576)],
    ['locator 1 is incomplete', (header) => header.writeUInt32BE(0, 584)],
    ['locator 3 is unused but', (header) => header.writeUInt32BE(1, 576 + 48 + 4)],
    ['locator 2 is the second for MacX', (header) => header.copy(header, 600, 576, 600)],
    ['no parent locator', (header) => header.fill(0, 576, 768)],
    ['overlaps the tables', (_, bytes) => bytes.writeUInt32BE((w2ru?.offset ?? 0) / 512, 1536 + 4)],
  ])('is found bad: %s', async (finding, damage) => {
    const bytes = Buffer.from(file);
    const header = bytes.subarray(512, 1536);
    damage(header, bytes);
    seal(header, 36);
    expect(await findingsOf(putPair(bytes))).toContainEqual(expect.stringContaining(finding));
  });

  it.each<[string, Buffer | null]>([
    ['the parent is not beside the disk', null],
    ['has another UUID', assembleVhd(vhdLayout(8 * MIB), uuidOf('other'), [1])],
    ['is no VHD', Buffer.from('text')],
  ])('is found bad when %s', async (finding, below) => {
    expect(await findingsOf(putPair(file, below))).toEqual([expect.stringContaining(finding)]);
  });
});

describe('a dynamic VHD', () => {
  it('must not name a parent', async () => {
    const bytes = assembleVhd(vhdLayout(4 * MIB), uuidOf('disk'), [1, 0]);
    bytes.write('x', 512 + 65);
    seal(bytes.subarray(512, 1536), 36);
    expect(await findingsOf(put(bytes, 'disk.vhd'))).toEqual([
      'parent fields are set in a disk without a parent',
    ]);
  });

  it('cut to a 511-byte footer is good', async () => {
    const bytes = assembleVhd(vhdLayout(4 * MIB), uuidOf('disk'), [1, 0]);
    expect(await findingsOf(put(bytes.subarray(0, bytes.length - 1), 'disk.vhd'))).toEqual([]);
  });
});
