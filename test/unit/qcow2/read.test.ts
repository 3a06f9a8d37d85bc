import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  allocatedBlocks,
  createReadTools,
  type DiskImage,
  LayeredImage,
  readDisk,
} from '../../../src/disk-image/index.js';
import type { ByteSource } from '../../../src/io/byte-source.js';
import { SourceFile } from '../../../src/io/source-file.js';
import { KIB, MIB } from '../../../src/model/units.js';
import { openQcow2 } from '../../../src/qcow2/index.js';
import { openRaw } from '../../../src/vmdk-reader/index.js';
import { logText, makeMixedRaw, noise } from '../../support/disk-maker.js';
import { readWhole } from '../../support/disk-reader.js';
import { tempFiles } from '../../support/temp-files.js';
import { createQcow2, openQcow2At, qemuImg, qemuIo, qemuView } from './qcow2-files.js';

const { folder } = tempFiles();
const inFolder = (name: string) => join(folder, name);
const raw = inFolder('mixed.raw');
let content = Buffer.alloc(0);

beforeAll(async () => {
  await makeMixedRaw(raw, 30 * MIB + 512);
  content = readFileSync(raw);
});

/** The mixed disk as `qemu-img convert -o` writes it. */
function converted(variant: string): string {
  const path = inFolder(`${variant}.qcow2`);
  qemuImg('convert', '-f', 'raw', '-O', 'qcow2', '-o', ...variant.split(' '), raw, path);
  return path;
}

async function openRawAt(path: string): Promise<DiskImage> {
  return openRaw(SourceFile.openWhole(path, 'SOURCE_UNREADABLE'));
}

/** The ranges an image tells of, as text. */
async function rangesOf(path: string): Promise<string[]> {
  const image = await openQcow2At(path);
  const ranges: string[] = [];
  await image.visitRanges((start, end, kind) => ranges.push(`${start / KIB}-${end / KIB}K ${kind}`));
  image.close();
  return ranges;
}

const VARIANTS = [
  'compat=0.10',
  'compat=1.1',
  'cluster_size=512',
  'cluster_size=4k',
  'cluster_size=2M',
  'compat=0.10 -c',
  'compat=1.1 -c',
  'cluster_size=512 -c',
  'cluster_size=4k -c',
  'cluster_size=2M -c',
  'preallocation=metadata',
  'preallocation=falloc,cluster_size=2M',
  'lazy_refcounts=on,refcount_bits=1',
  'extended_l2=on,cluster_size=16k',
  'extended_l2=on,cluster_size=128k -c',
];

describe('a disk written by qemu-img', () => {
  it.each(VARIANTS)('is read with %s', async (variant) => {
    const image = await openQcow2At(converted(variant));
    expect(image).toMatchObject({
      format: 'qcow2',
      byteLength: content.length,
      backingFile: null,
      notes: [],
    });
    expect((await readWhole(image)).equals(content)).toBe(true);
  });

  it.each([
    'compat=1.1',
    'cluster_size=4k -c',
    'cluster_size=2M -c',
    'extended_l2=on',
  ])('is read from anywhere with %s', async (variant) => {
    const image = await openQcow2At(converted(variant));
    const tools = createReadTools();
    const place = fc.tuple(fc.nat(content.length + 100), fc.integer({ min: 1, max: 3 * MIB }));
    await fc.assert(
      fc.asyncProperty(place, async ([offset, length]) => {
        const target = Buffer.alloc(length, 0xaa);
        await readDisk(image, target, offset, length, tools);
        const expected = Buffer.alloc(length);
        expected.set(content.subarray(offset, offset + length));
        return target.equals(expected);
      }),
      { numRuns: 40 },
    );
    image.close();
  });

  it('is read by several at once', async () => {
    const image = await openQcow2At(converted('cluster_size=4k -c'));
    const blocks = await Promise.all(
      Array.from({ length: 15 }, async (_, block) => {
        const target = Buffer.alloc(2 * MIB);
        await readDisk(image, target, block * 2 * MIB, target.length, createReadTools());
        return target;
      }),
    );
    image.close();
    expect(Buffer.concat(blocks).equals(content.subarray(0, 30 * MIB))).toBe(true);
  });

  it.each([
    'cluster_size=64k',
    'cluster_size=512 -c',
    'extended_l2=on',
  ])('tells which blocks hold data with %s', async (variant) => {
    const image = await openQcow2At(converted(variant));
    const blocks = await allocatedBlocks(image);
    image.close();
    const zeros = Buffer.alloc(2 * MIB);
    const expected = Array.from({ length: 16 }, (_, block) => {
      const bytes = content.subarray(block * 2 * MIB, (block + 1) * 2 * MIB);
      return bytes.equals(zeros.subarray(0, bytes.length)) ? 0 : 1;
    });
    expect([...blocks]).toEqual(expected);
  });

  it('may hold incompressible clusters of the largest kind in its compressed form', async () => {
    const path = inFolder('noise.qcow2');
    const source = inFolder('noise.raw');
    writeFileSync(source, Buffer.concat([noise(8, 5 * MIB), logText(9, MIB)]));
    qemuImg('convert', '-f', 'raw', '-O', 'qcow2', '-c', '-o', 'cluster_size=2M', source, path);
    expect((await readWhole(await openQcow2At(path))).equals(readFileSync(source))).toBe(true);
  });

  it('is read in as few reads as its clusters allow', async () => {
    const path = inFolder('in-a-row.qcow2');
    createQcow2(path, 1024 * MIB, 'preallocation=metadata');
    const lengths: number[] = [];
    const image = await openQcow2(watched(SourceFile.openWhole(path, 'QCOW2_INVALID'), lengths));
    await readDisk(image, Buffer.alloc(2 * MIB), 10 * MIB, 2 * MIB, createReadTools());
    image.close();
    expect(lengths.filter((length) => length === 2 * MIB)).toHaveLength(1);
    expect(Math.max(...lengths)).toBe(2 * MIB);
  });

  it('with internal snapshots shows its present state, and a note', async () => {
    const path = converted('compat=1.1');
    qemuImg('snapshot', '-c', 'before', path);
    qemuIo(path, 'write -P 0x77 1M 300k', 'write -z 24M 1M');
    const image = await openQcow2At(path);
    expect(image.notes).toEqual(['internal snapshots are left out: 1']);
    expect((await readWhole(image)).equals(qemuView(path))).toBe(true);
  });

  it('that was not closed properly is read', async () => {
    const path = converted('lazy_refcounts=on');
    const bytes = readFileSync(path);
    bytes.writeUInt8(bytes.readUInt8(79) | 1, 79);
    const dirty = inFolder('dirty.qcow2');
    writeFileSync(dirty, bytes);
    expect((await readWhole(await openQcow2At(dirty))).equals(content)).toBe(true);
  });

  it('may be empty', async () => {
    const path = inFolder('empty.qcow2');
    createQcow2(path, 3 * MIB, 'cluster_size=2M');
    expect(await rangesOf(path)).toEqual([]);
    expect((await readWhole(await openQcow2At(path))).equals(Buffer.alloc(3 * MIB))).toBe(true);
  });
});

describe('zero clusters', () => {
  it('are told apart from data and from what is not there', async () => {
    const path = inFolder('zeros.qcow2');
    createQcow2(path, 8 * MIB, 'compat=1.1');
    qemuIo(path, 'write -P 1 1M 128k', 'write -z 2M 1M', 'write -P 2 4M 64k', 'write -z 4M 64k');
    expect(await rangesOf(path)).toEqual(['1024-1152K data', '2048-3072K zeros', '4096-4160K zeros']);
    expect((await readWhole(await openQcow2At(path))).equals(qemuView(path))).toBe(true);
  });
});

describe('an overlay', () => {
  const CHANGES = [
    'write -P 0x11 0 1M',
    'write -P 0x22 5000k 3k',
    'write -z 9M 700k',
    'write -P 0x33 12M 64k',
    'write -z 12M 64k',
    'write -c -P 0x44 16M 64k',
    'discard 20M 512k',
    'write -P 0x55 25M 3M',
  ];

  it.each([
    'compat=0.10',
    'compat=1.1',
    'cluster_size=4k',
    'cluster_size=2M',
    'extended_l2=on',
  ])('shows its own clusters and below them the base, with %s', async (options) => {
    const path = inFolder(`overlay ${options}.qcow2`);
    const big = options.includes('2M');
    createQcow2(path, content.length, options, raw);
    qemuIo(path, ...CHANGES.filter((change) => !(big && change.startsWith('write -c'))));
    const upper = await openQcow2At(path);
    expect(upper.backingFile).toBe(raw);
    const whole = await readWhole(new LayeredImage(upper, await openRawAt(raw)));
    expect(whole.equals(qemuView(path))).toBe(true);
  });

  it('may be larger than its base', async () => {
    const path = inFolder('larger.qcow2');
    createQcow2(path, 40 * MIB, 'compat=1.1', raw);
    qemuIo(path, 'write -P 0x66 29M 4M');
    const whole = await readWhole(new LayeredImage(await openQcow2At(path), await openRawAt(raw)));
    expect(whole.equals(qemuView(path))).toBe(true);
  });

  it('is opened without the file it names', async () => {
    const base = inFolder('gone.raw');
    const path = inFolder('orphan.qcow2');
    writeFileSync(base, noise(10, MIB));
    createQcow2(path, MIB, 'compat=1.1', base);
    qemuIo(path, 'write -P 0x12 0 64k');
    rmSync(base);
    const image = await openQcow2At(path);
    expect(image.backingFile).toBe(base);
    const expected = Buffer.alloc(MIB);
    expected.fill(0x12, 0, 64 * KIB);
    expect((await readWhole(image)).equals(expected)).toBe(true);
  });
});

/** Notes the length of every read. */
function watched(source: ByteSource, lengths: number[]): ByteSource {
  return {
    path: source.path,
    length: source.length,
    read: (target, start, length, offset) => {
      lengths.push(length);
      return source.read(target, start, length, offset);
    },
    close: () => source.close(),
  };
}
