import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocatedBlocks, type DiskImage, ThinImage } from '../../../src/disk-image/index.js';
import { BLOCK_BYTES } from '../../../src/model/units.js';

const BLOCKS = 12;
const SIZE = BLOCKS * BLOCK_BYTES - 4096;

/** An image with data between each two of these places. */
function imageWith(places: readonly number[]): DiskImage {
  return {
    byteLength: SIZE,
    exactMap: false,
    format: 'raw',
    files: ['/disk'],
    notes: [],
    visitRanges: async (visit) => {
      for (let at = 0; at + 1 < places.length; at += 2) visit(places[at] ?? 0, places[at + 1] ?? 0, 'data');
    },
    read: async (target, at, _offset, length) => {
      target.fill(7, at, at + length);
    },
    close: () => {},
  };
}

const places = fc
  .uniqueArray(fc.nat(SIZE), { maxLength: 12 })
  .map((list) => list.toSorted((a, b) => a - b).slice(0, list.length - (list.length % 2)));
const masks = fc.uint8Array({ min: 0, max: 1, minLength: BLOCKS, maxLength: BLOCKS });

describe('a disk of which somebody says what is allocated', () => {
  it('has data where both the image and the word have some', async () => {
    await fc.assert(
      fc.asyncProperty(places, masks, async (ranges, allocated) => {
        const image = imageWith(ranges);
        const held = await allocatedBlocks(image);
        const told = await allocatedBlocks(new ThinImage(image, allocated));
        expect([...told]).toEqual([...held].map((flag, block) => (allocated[block] === 0 ? 0 : flag)));
      }),
    );
  });

  it('visits ranges as they are, one for what is in a row', async () => {
    const allocated = new Uint8Array(BLOCKS).fill(1);
    allocated[4] = 0;
    const seen: number[][] = [];
    await new ThinImage(imageWith([100, SIZE]), allocated).visitRanges((start, end) =>
      seen.push([start, end]),
    );
    expect(seen).toEqual([
      [100, 4 * BLOCK_BYTES],
      [5 * BLOCK_BYTES, SIZE],
    ]);
  });
});
