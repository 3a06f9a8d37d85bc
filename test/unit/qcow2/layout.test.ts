import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockCount, GIB, KIB, MIB } from '../../../src/model/units.js';
import {
  encodeQcow2Metadata,
  type Qcow2Layout,
  qcow2BlockOffset,
  qcow2FileBytes,
  qcow2Layout,
} from '../../../src/qcow2/index.js';

const CLUSTER = 64 * KIB;
const TIB = 1024 * GIB;

/** Mostly of a few L2 tables, sometimes of several clusters of L1 table. */
const CAPACITIES = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 1, max: 4 * GIB }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 6 * TIB }) },
);

/** A disk, what of it is allocated, and what of that is stored in the end. */
const DISKS = fc
  .tuple(CAPACITIES, fc.array(fc.nat(), { maxLength: 20 }), fc.nat())
  .map(([capacityBytes, picks, dropped]) => {
    const allocated = new Uint8Array(blockCount(capacityBytes));
    const stored = new Uint8Array(allocated.length);
    for (const pick of picks) {
      const block = pick % allocated.length;
      allocated[block] = 1;
      stored[block] = block % 7 === dropped % 7 ? 0 : 1;
    }
    return { capacityBytes, allocated, stored };
  });

/** Borders of the areas, from the file's start to where the data begins. */
function borders(layout: Qcow2Layout): number[] {
  const { refcountTableOffset, refcountBlocksOffset, l1Offset, l2Offset, dataOffset } = layout;
  return [0, refcountTableOffset, refcountBlocksOffset, l1Offset, l2Offset, dataOffset];
}

describe('the layout', () => {
  it('puts areas in the order of a reader that cannot seek, each on a cluster, without overlap', () => {
    fc.assert(
      fc.property(DISKS, ({ capacityBytes, allocated }) => {
        const layout = qcow2Layout(capacityBytes, allocated);
        const offsets = borders(layout);
        expect(offsets.every((offset) => offset % CLUSTER === 0)).toBe(true);
        expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
        expect(layout.l1Offset - layout.refcountBlocksOffset).toBe(layout.refcountBlocks * CLUSTER);
        expect(layout.l2Offset - layout.l1Offset).toBeGreaterThanOrEqual(layout.l1Entries * 8);
        expect(layout.dataOffset - layout.l2Offset).toBe(layout.l2Tables.length * CLUSTER);
      }),
    );
  });

  it('has refcounts for the whole file, if all that is allocated is stored', () => {
    fc.assert(
      fc.property(DISKS, ({ capacityBytes, allocated }) => {
        const layout = qcow2Layout(capacityBytes, allocated);
        const clusters = qcow2FileBytes(layout, allocated) / CLUSTER;
        expect(layout.refcountBlocks * 32_768).toBeGreaterThanOrEqual(clusters);
        const tableBytes = layout.refcountBlocksOffset - layout.refcountTableOffset;
        expect(tableBytes / 8).toBeGreaterThanOrEqual(layout.refcountBlocks);
      }),
    );
  });

  it('has refcounts for a full disk of 64 TiB', () => {
    const allocated = new Uint8Array((64 * TIB) / (2 * MIB)).fill(1);
    const layout = qcow2Layout(64 * TIB, allocated);
    const fileBytes = qcow2FileBytes(layout, allocated);
    expect(fileBytes).toBe(layout.dataOffset + 64 * TIB);
    expect(layout.refcountBlocks).toBe(Math.ceil(fileBytes / (2 * GIB)));
    expect(layout.l2Tables).toHaveLength(131_072);
  });

  it('keeps every stored block inside the file and behind the tables', () => {
    fc.assert(
      fc.property(DISKS, ({ capacityBytes, allocated, stored }) => {
        const layout = qcow2Layout(capacityBytes, allocated);
        const count = stored.filter((flag) => flag !== 0).length;
        const fileBytes = qcow2FileBytes(layout, stored);
        const missing = qcow2BlockOffset(layout, count) - fileBytes;
        expect(missing).toBeGreaterThanOrEqual(0);
        expect(missing).toBeLessThan(2 * MIB);
        if (stored.at(-1) !== 1) expect(missing).toBe(0);
      }),
    );
  });

  it.each([
    [1, 65_536],
    [512, 65_536],
    [2 * MIB - 1, 2 * MIB],
    [GIB + 513, GIB + 64 * KIB],
  ])('makes of %i bytes a disk of %i', (capacityBytes, virtualBytes) => {
    expect(qcow2Layout(capacityBytes, new Uint8Array(blockCount(capacityBytes)))).toMatchObject({
      virtualBytes,
    });
  });

  it('has tables only for regions of 512 MiB with data', () => {
    const allocated = new Uint8Array(5 * 256);
    allocated[255] = 1;
    allocated[4 * 256] = 1;
    expect(qcow2Layout(2.5 * GIB, allocated).l2Tables).toEqual([0, 4]);
  });
});

describe('the metadata', () => {
  it('comes in file order, without a gap, in pieces of at most 1 MiB', () => {
    fc.assert(
      fc.property(DISKS, ({ capacityBytes, allocated, stored }) => {
        const layout = qcow2Layout(capacityBytes, allocated);
        let end = 0;
        for (const { offset, bytes } of encodeQcow2Metadata(layout, stored)) {
          expect(offset).toBe(end);
          expect(bytes.length).toBeLessThanOrEqual(MIB);
          end += bytes.length;
        }
        expect(end).toBe(layout.dataOffset);
      }),
      { numRuns: 30 },
    );
  });
});
