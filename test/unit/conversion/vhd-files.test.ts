import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  convertToDifferencingVhd,
  convertToFixedVhd,
  convertToVhd,
  type DiskFileConversion,
  VERIFY,
} from '../../../src/conversion/index.js';
import { fileImage } from '../../../src/images/index.js';
import { SourceFile } from '../../../src/io/source-file.js';
import { blockCount, MIB } from '../../../src/model/units.js';
import { checkVhd, openVhd, parentsBeside } from '../../../src/vhd/index.js';
import { WorkerThreadsPool } from '../../../src/worker-threads-pool/index.js';
import { noise } from '../../support/disk-maker.js';
import { readWhole } from '../../support/disk-reader.js';
import { expectSameContent, vhdiMediaBytes } from '../../support/oracles.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder } = tempFiles();
const CAPACITY = 11 * MIB + 3 * 512;
const VIRTUAL = 12 * MIB;

const pool = new WorkerThreadsPool();
afterAll(() => pool.close());

/** A disk before and after a guest's work: one sector changed, a block wiped, another written for the first time. */
const before = Buffer.alloc(CAPACITY);
noise(1, 3 * MIB).copy(before);
noise(2, 2 * MIB).copy(before, 6 * MIB);
noise(3, 512).copy(before, CAPACITY - 512);
const after = Buffer.from(before);
noise(4, 512).copy(after, 2 * MIB + 512);
after.fill(0, 6 * MIB, 8 * MIB);
noise(5, 100).copy(after, 9 * MIB);
const CHANGED = [1, 3, 4];

function conversion(
  into: string,
  name: string,
  content: Buffer,
  blocks?: readonly number[],
): DiskFileConversion {
  const raw = join(into, `${name}.raw`);
  writeFileSync(raw, content);
  const source = fileImage('raw', raw, content.length);
  const allocated = new Uint8Array(blockCount(content.length)).fill(blocks === undefined ? 1 : 0);
  for (const block of blocks ?? []) allocated[block] = 1;
  const outPath = join(into, `${name}.vhd`);
  return { pool, source, capacityBytes: content.length, allocated, outPath, threads: 2, digest: 'xxh64' };
}

function newFolder(): string {
  return mkdtempSync(join(folder, 'case-'));
}

/** The content up to the disk's end, and zeros from there on. */
function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc(VIRTUAL - content.length)]);
}

async function contentOf(path: string): Promise<Buffer> {
  return await readWhole(await openVhd(SourceFile.openWhole(path, 'VHD_INVALID'), parentsBeside(path)));
}

describe('a fixed VHD', () => {
  it('holds the disk, is good, and has the same bytes each time', async () => {
    const input = conversion(newFolder(), 'disk', before);
    const file = await convertToFixedVhd(input);
    expect(file).toMatchObject({ virtualBytes: VIRTUAL, fileBytes: VIRTUAL + 512 });
    expect((await stat(input.outPath)).size).toBe(file.fileBytes);
    await expectSameContent(
      { path: input.outPath.replace(/vhd$/, 'raw'), format: 'raw' },
      { path: input.outPath, format: 'vpc' },
    );
    expect(await vhdiMediaBytes(input.outPath)).toBe(VIRTUAL);
    expect((await checkVhd(input.outPath)).findings).toEqual([]);
    expect((await contentOf(input.outPath)).equals(padded(before))).toBe(true);
    const again = conversion(newFolder(), 'disk', before);
    await convertToFixedVhd({ ...again, threads: 1 });
    expect((await readFile(again.outPath)).equals(await readFile(input.outPath))).toBe(true);
  });

  it('takes no space for holes', async () => {
    const input = conversion(newFolder(), 'disk', Buffer.alloc(CAPACITY));
    await convertToFixedVhd(input);
    expect((await stat(input.outPath)).blocks * 512).toBeLessThan(MIB);
  });
});

describe('a differencing VHD', () => {
  async function convertPair(into: string) {
    const base = conversion(into, 'base', before);
    await convertToVhd(base);
    const delta = conversion(into, 'delta', after, CHANGED);
    return { base, delta, file: await convertToDifferencingVhd(delta, { path: base.outPath }) };
  }

  it('shows the disk as it is now, with what was wiped hidden', async () => {
    const { delta, file } = await convertPair(newFolder());
    expect((await checkVhd(delta.outPath)).findings).toEqual([]);
    expect((await checkVhd(delta.outPath)).storedBlocks).toBe(CHANGED.length);
    expect(file.virtualBytes).toBe(VIRTUAL);
    expect((await stat(delta.outPath)).size).toBe(file.fileBytes);
    expect((await contentOf(delta.outPath)).equals(padded(after))).toBe(true);
    execFileSync('python3', ['test/oracles/vhd_read.py', delta.outPath, `${delta.outPath}.raw`]);
    expect(readFileSync(`${delta.outPath}.raw`).equals(padded(after))).toBe(true);
  });

  it('can be the parent of another', async () => {
    const into = newFolder();
    const { delta } = await convertPair(into);
    const next = conversion(into, 'next', before, [3]);
    await convertToDifferencingVhd(next, { path: delta.outPath });
    const expected = padded(after);
    before.copy(expected, 6 * MIB, 6 * MIB, 8 * MIB);
    expect((await contentOf(next.outPath)).equals(expected)).toBe(true);
  });

  it('reads back as what was written, by itself', async () => {
    const { delta, file } = await convertPair(newFolder());
    const canceled = new Int32Array(1);
    const input = { kind: 'vhd', path: delta.outPath, expected: [file.records], canceled } as const;
    const { bytes } = await pool.run(VERIFY, input);
    expect(bytes).toBe(CHANGED.length * 2 * MIB);
  });

  it('has a UUID of its own, even when only what it hides differs', async () => {
    const into = newFolder();
    const { base, delta } = await convertPair(into);
    const other = conversion(into, 'other', after, [...CHANGED, 2]);
    await convertToDifferencingVhd(other, { path: base.outPath });
    const uuids = [base, delta, other].map(({ outPath }) => readFileSync(outPath).toString('hex', 68, 84));
    expect(new Set(uuids).size).toBe(3);
  });

  it('is not taken for data throughout when it is read, as a dynamic one of ours is', async () => {
    const { base, delta } = await convertPair(newFolder());
    for (const [path, exact] of [
      [base.outPath, true],
      [delta.outPath, false],
    ] as const) {
      const image = await openVhd(SourceFile.openWhole(path, 'VHD_INVALID'), parentsBeside(path));
      image.close();
      expect(image.exactMap).toBe(exact);
    }
  });

  it('must be as large as its parent', async () => {
    const into = newFolder();
    const { base } = await convertPair(into);
    const larger = conversion(into, 'larger', Buffer.alloc(VIRTUAL + 512));
    await expect(convertToDifferencingVhd(larger, { path: base.outPath })).rejects.toMatchObject({
      code: 'VHD_PARENT_MISMATCH',
      place: { file: base.outPath },
    });
    const raw = join(into, 'base.raw');
    await expect(convertToDifferencingVhd(larger, { path: raw })).rejects.toMatchObject({
      code: 'VHD_INVALID',
    });
  });
});
