import { closeSync, fsyncSync, openSync, readFileSync, statSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createReadTools, readDisk } from '../../../src/disk-image/index.js';
import { BLOCK_BYTES, blockCount, GIB, KIB, MIB, SECTOR_BYTES } from '../../../src/model/units.js';
import { qcow2FileBytes, qcow2Layout } from '../../../src/qcow2/index.js';
import { noise } from '../../support/disk-maker.js';
import { readWhole } from '../../support/disk-reader.js';
import { expectSameContent } from '../../support/oracles.js';
import { tempFiles } from '../../support/temp-files.js';
import { expectSound, openQcow2At, qemuImg, writeQcow2 } from './qcow2-files.js';

const { folder } = tempFiles();
const CLUSTER = 64 * KIB;
const TIB = 1024 * GIB;

/** A disk whose `data` blocks hold noise, those of `dropped` turned out to be zeros, and the rest is a hole. */
interface TestDisk {
  readonly capacityBytes: number;
  readonly data: readonly number[];
  readonly dropped?: readonly number[];
}

function flags(capacityBytes: number, blocks: readonly number[]): Uint8Array {
  const map = new Uint8Array(blockCount(capacityBytes));
  for (const block of blocks) map[block] = 1;
  return map;
}

function contentOf({ capacityBytes }: TestDisk, block: number): Buffer {
  return noise(block, Math.min(BLOCK_BYTES, capacityBytes - block * BLOCK_BYTES));
}

/** Writes a disk with our own layout. */
function write(name: string, disk: TestDisk): string {
  const { capacityBytes, data, dropped = [] } = disk;
  const path = join(folder, `${name}.qcow2`);
  const layout = qcow2Layout(capacityBytes, flags(capacityBytes, [...data, ...dropped]));
  writeQcow2(path, layout, flags(capacityBytes, data), (block) => contentOf(disk, block));
  return path;
}

/** The same disk as a sparse raw file. */
function writeRaw(name: string, disk: TestDisk): string {
  const path = join(folder, `${name}.raw`);
  const fd = openSync(path, 'w');
  for (const block of disk.data) {
    const bytes = contentOf(disk, block);
    writeSync(fd, bytes, 0, bytes.length, block * BLOCK_BYTES);
  }
  fsyncSync(fd);
  closeSync(fd);
  truncateSync(path, disk.capacityBytes);
  return path;
}

/** Offsets in the file in the order in which a reader of the whole disk that cannot seek needs them. */
function clustersInOrder(file: Buffer): number[] {
  const entries = (offset: number, count: number): number[] =>
    Array.from({ length: count }, (_, i) => {
      const entry = file.readBigUInt64BE(offset + i * 8);
      return Number(entry & 0x00ff_ffff_ffff_fe00n);
    }).filter((host) => host !== 0);
  const clusters = (offset: number, count: number) =>
    Array.from({ length: count }, (_, i) => offset + i * CLUSTER);
  const l1Entries = file.readUInt32BE(36);
  const l1Offset = Number(file.readBigUInt64BE(40));
  const refcountTable = Number(file.readBigUInt64BE(48));
  const refcountClusters = file.readUInt32BE(56);
  const l2Tables = entries(l1Offset, l1Entries);
  return [
    0,
    ...clusters(refcountTable, refcountClusters),
    ...entries(refcountTable, refcountClusters * 8192),
    ...clusters(l1Offset, Math.ceil(l1Entries / 8192)),
    ...l2Tables,
    ...l2Tables.flatMap((table) => entries(table, 8192)),
  ];
}

const DISKS: ReadonlyArray<readonly [name: string, disk: TestDisk]> = [
  ['one sector', { capacityBytes: SECTOR_BYTES, data: [0] }],
  ['one sector of zeros', { capacityBytes: SECTOR_BYTES, data: [], dropped: [0] }],
  ['a sector less than a block', { capacityBytes: 2 * MIB - SECTOR_BYTES, data: [0] }],
  ['one block', { capacityBytes: 2 * MIB, data: [0] }],
  ['an odd size', { capacityBytes: 7 * MIB + 3 * SECTOR_BYTES, data: [0, 3], dropped: [2] }],
  ['an odd size, its end empty', { capacityBytes: 7 * MIB + 3 * SECTOR_BYTES, data: [1] }],
  ['a cluster in its last block', { capacityBytes: 4 * MIB + CLUSTER, data: [1, 2] }],
  [
    'several tables',
    {
      capacityBytes: 2 * GIB + 100 * MIB,
      data: [0, 255, 256, 700, 1024, 1073],
      dropped: [1, 512, 513],
    },
  ],
  ['a table without data', { capacityBytes: GIB + MIB, data: [512], dropped: [300] }],
  ['nothing', { capacityBytes: GIB, data: [] }],
  ['5 TiB', { capacityBytes: 5 * TIB, data: [0, 1_000_000, 5 * 524_288 - 1], dropped: [77_777] }],
];

describe('an image of our own', () => {
  it.each(DISKS)('is sound and holds the disk: %s', async (name, disk) => {
    const path = write(name, disk);
    expectSound(path);
    await expectSameContent({ path, format: 'qcow2' }, { path: writeRaw(name, disk), format: 'raw' });
    const info: unknown = JSON.parse(qemuImg('info', '--output=json', path));
    expect(info).toMatchObject({
      'virtual-size': Math.ceil(disk.capacityBytes / CLUSTER) * CLUSTER,
      'cluster-size': CLUSTER,
      'format-specific': { data: { compat: '1.1', 'lazy-refcounts': false, 'refcount-bits': 16 } },
    });
  });

  it.each(DISKS)('is read from its start to its end without seeking: %s', (name, disk) => {
    const file = readFileSync(write(name, disk));
    const expected = Array.from({ length: file.length / CLUSTER }, (_, index) => index * CLUSTER);
    expect(clustersInOrder(file)).toEqual(expected);
  });

  it('has in its header no feature and no extension that an importer could refuse', () => {
    const header = readFileSync(write('header', { capacityBytes: MIB, data: [0] })).subarray(0, CLUSTER);
    expect(header.readUInt32BE(4)).toBe(3);
    expect(header.subarray(8, 20).every((byte) => byte === 0)).toBe(true);
    expect(header.subarray(60, 96).every((byte) => byte === 0)).toBe(true);
    expect(header.subarray(104).every((byte) => byte === 0)).toBe(true);
  });

  it('is the same each time', () => {
    const disk = { capacityBytes: 9 * MIB, data: [0, 4], dropped: [2] };
    expect(readFileSync(write('first', disk)).equals(readFileSync(write('second', disk)))).toBe(true);
  });

  it('ends with the last cluster inside the disk', () => {
    const capacityBytes = 4 * MIB + CLUSTER + SECTOR_BYTES;
    const path = write('end', { capacityBytes, data: [0, 2] });
    const layout = qcow2Layout(capacityBytes, flags(capacityBytes, [0, 2]));
    expect(statSync(path).size).toBe(layout.dataOffset + 2 * MIB + 2 * CLUSTER);
    expect(statSync(path).size).toBe(qcow2FileBytes(layout, flags(capacityBytes, [0, 2])));
  });

  it('is read back by our own reader', async () => {
    const disks = fc
      .tuple(fc.integer({ min: 1, max: 12 * MIB }), fc.array(fc.nat(), { maxLength: 6 }))
      .map(([capacityBytes, picks]) => {
        const blocks = [...new Set(picks.map((pick) => pick % blockCount(capacityBytes)))].sort(
          (a, b) => a - b,
        );
        const data = blocks.filter((block) => block % 3 !== 2);
        return { capacityBytes, data, dropped: blocks };
      });
    await fc.assert(
      fc.asyncProperty(disks, async (disk) => {
        const bytes = await readWhole(await openQcow2At(write('round', disk)));
        const expected = Buffer.alloc(bytes.length);
        for (const block of disk.data) expected.set(contentOf(disk, block), block * BLOCK_BYTES);
        return bytes.equals(expected);
      }),
      { numRuns: 15 },
    );
  });

  it('of terabytes is read at its far end', async () => {
    const disk = { capacityBytes: 5 * TIB, data: [5 * 524_288 - 1] };
    const image = await openQcow2At(write('far', disk));
    const block = Buffer.alloc(BLOCK_BYTES);
    await readDisk(image, block, 5 * TIB - BLOCK_BYTES, BLOCK_BYTES, createReadTools());
    image.close();
    expect(block.equals(contentOf(disk, 5 * 524_288 - 1))).toBe(true);
  });
});
