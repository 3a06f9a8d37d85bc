import { describe, expect, it } from 'vitest';
import {
  createReadTools,
  type DiskImage,
  type DiskLayer,
  LayeredImage,
  readDisk,
} from '../../../src/disk-image/index.js';

const tools = createReadTools();

/** An image of one kind of bytes in `[from, to)`, nothing elsewhere; notes what it is asked for. */
function image(fill: number, byteLength: number, from: number, to: number) {
  const asked: Array<readonly [offset: number, length: number]> = [];
  const layer: DiskLayer = {
    byteLength,
    exactMap: true,
    visitRanges: async (visit) => visit(from, to, 'data'),
    read: async (target, at, offset, length, readTools, below) => {
      asked.push([offset, length]);
      const end = offset + length;
      const [start, stop] = [Math.min(Math.max(offset, from), end), Math.max(Math.min(end, to), offset)];
      if (start >= stop) return await below(target, at, offset, length);
      target.fill(fill, at + start - offset, at + stop - offset);
      if (offset < start) await below(target, at, offset, start - offset);
      if (stop < end) await below(target, at + stop - offset, stop, end - stop);
      expect(readTools).toBe(tools);
    },
    close: () => {},
  };
  const whole: DiskImage = { ...layer, format: String(fill), files: [`/${fill}`], notes: [`note ${fill}`] };
  return { image: whole, asked };
}

async function read(layered: DiskLayer, offset: number, length: number): Promise<number[]> {
  const target = Buffer.alloc(length, 0xee);
  await readDisk(layered, target, offset, length, tools);
  return [...target];
}

describe('a layered image', () => {
  it('never asks the lower layer for what the upper one holds', async () => {
    const [upper, lower] = [image(1, 16, 4, 12), image(2, 16, 0, 16)];
    const layered = new LayeredImage(upper.image, lower.image);
    expect(await read(layered, 4, 8)).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
    expect(lower.asked).toEqual([]);
  });

  it('asks it for the rest and nothing more', async () => {
    const [upper, lower] = [image(1, 16, 4, 12), image(2, 16, 0, 16)];
    const layered = new LayeredImage(upper.image, lower.image);
    expect(await read(layered, 2, 12)).toEqual([2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2]);
    expect(lower.asked).toEqual([
      [2, 2],
      [12, 2],
    ]);
  });

  it('reads through three layers, zeros below the last and past a shorter one', async () => {
    const middle = new LayeredImage(image(2, 8, 2, 4).image, image(3, 4, 3, 4).image);
    const layered = new LayeredImage(image(1, 10, 0, 1).image, middle);
    expect(await read(layered, 0, 12)).toEqual([1, 0, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('is the upper one in name and size, and tells of both', () => {
    const layered = new LayeredImage(image(1, 10, 0, 1).image, image(2, 20, 0, 1).image);
    expect(layered).toMatchObject({
      format: '1',
      byteLength: 10,
      files: ['/1', '/2'],
      notes: ['note 1', 'note 2'],
    });
  });
});
