import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createReadTools, type DiskImage, readDisk } from '../../../src/disk-image/index.js';
import { openVmdkAt, readWhole } from '../../support/disk-reader.js';
import { tempFiles } from '../../support/temp-files.js';
import { buildCowd } from './cowd-builder.js';
import { buildDescriptor, type DescriptorOptions } from './descriptor-builder.js';
import { modelOf, type RandomExtent, type RandomGrains, randomExtent } from './random-disks.js';
import { buildSesparse } from './sesparse-builder.js';
import { buildSparse } from './sparse-builder.js';
import { buildStreamOptimized } from './vmdk-builder.js';

const { put } = tempFiles();
const RUNS = { numRuns: 40 };
const tools = createReadTools();

/** The grains that are stored; formats without zeroed grains are given no others. */
function stored(grains: RandomGrains): Map<number, Buffer> {
  const buffers = new Map<number, Buffer>();
  for (const [number, content] of grains) if (content !== 'zeros') buffers.set(number, content);
  return buffers;
}

type Chain = Partial<Pick<DescriptorOptions, 'cid' | 'parent' | 'parentCid'>>;

interface Shape {
  readonly entriesPerTable: number;
  readonly redundant: boolean;
  readonly lazyTables: boolean;
  readonly markers: boolean;
}

const shape: fc.Arbitrary<Shape> = fc.record({
  entriesPerTable: fc.constantFrom(1, 7, 128, 512, 1000),
  redundant: fc.boolean(),
  lazyTables: fc.boolean(),
  markers: fc.boolean(),
});

function putHosted(name: string, extent: RandomExtent, options: Shape, chain: Chain = {}) {
  const extents = [`RW ${extent.capacitySectors} SPARSE "${name}.vmdk"`];
  const descriptor = buildDescriptor({ createType: 'monolithicSparse', extents, ...chain });
  return put(`${name}.vmdk`, buildSparse({ ...extent, ...options, descriptor }).bytes);
}

function putStream(name: string, extent: RandomExtent, { entriesPerTable, markers }: Shape) {
  const options = { ...extent, grains: stored(extent.grains), entriesPerTable, markers };
  return put(`${name}.vmdk`, buildStreamOptimized(options).bytes);
}

function putCowd(name: string, extent: RandomExtent, _: Shape, chain: Chain = {}) {
  put(`${name}-delta.vmdk`, buildCowd({ ...extent, grains: stored(extent.grains) }).bytes);
  const extents = [`RW ${extent.capacitySectors} VMFSSPARSE "${name}-delta.vmdk"`];
  return put(`${name}.vmdk`, buildDescriptor({ createType: 'vmfsSparse', extents, ...chain }));
}

function putSesparse(name: string, extent: RandomExtent, _: Shape, chain: Chain = {}) {
  put(`${name}-sesparse.vmdk`, buildSesparse(extent).bytes);
  const extents = [`RW ${extent.capacitySectors} SESPARSE "${name}-sesparse.vmdk"`];
  return put(`${name}.vmdk`, buildDescriptor({ createType: 'seSparse', extents, ...chain }));
}

/** Reads `[offset, offset + length)` into a target that is not clean. */
async function readPart(image: DiskImage, offset: number, length: number): Promise<Buffer> {
  const target = Buffer.alloc(length, 0xee);
  await readDisk(image, target, offset, length, tools);
  return target;
}

/** What the map says of each sector, which must come in ascending order. */
async function sectorMap(image: DiskImage): Promise<string> {
  const map = Array<string>(image.byteLength / 512).fill('.');
  let last = 0;
  await image.visitRanges((start, end, content) => {
    expect(start).toBeGreaterThanOrEqual(last);
    expect(end).toBeGreaterThan(start);
    last = end;
    map.fill(content === 'data' ? 'd' : '0', start / 512, end / 512);
  });
  return map.join('');
}

function expectedMap({ capacitySectors, grainSectors, grains }: RandomExtent): string {
  const map = Array<string>(capacitySectors).fill('.');
  for (const [number, content] of grains) {
    const mark = content === 'zeros' ? '0' : 'd';
    map.fill(mark, number * grainSectors, Math.min((number + 1) * grainSectors, capacitySectors));
  }
  return map.join('');
}

const FORMATS = [
  { name: 'hosted sparse', make: putHosted, sizes: [1, 8, 128, 1024], zeros: true },
  { name: 'streamOptimized', make: putStream, sizes: [8, 128, 1024], zeros: false },
  { name: 'COWD', make: putCowd, sizes: [1, 2, 16], zeros: false },
  { name: 'SESparse', make: putSesparse, sizes: [8], zeros: true },
];

describe.each(FORMATS)('any $name disk', ({ name, make, sizes, zeros }) => {
  const file = name.replaceAll(' ', '-');
  const any = randomExtent(sizes, { maxSectors: 20_000, zeros });

  it('reads as its grains, whole and in parts, and its map agrees', async () => {
    const part = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 300_000 }));
    await fc.assert(
      fc.asyncProperty(any, shape, fc.array(part, { maxLength: 3 }), async (extent, options, parts) => {
        const model = modelOf(extent);
        const image = await openVmdkAt(make(file, extent, options));
        expect(await sectorMap(image)).toBe(expectedMap(extent));
        for (const [place, length] of parts) {
          const offset = Math.floor(place * (model.length - 1));
          const expected = Buffer.alloc(length);
          model.copy(expected, 0, offset);
          expect((await readPart(image, offset, length)).equals(expected)).toBe(true);
        }
        expect((await readWhole(image)).equals(model)).toBe(true);
      }),
      RUNS,
    );
  });
});

describe('any chain', () => {
  it('reads as its layers, one over the other', async () => {
    const layer = fc.constantFrom(...FORMATS.filter(({ make }) => make !== putStream)).chain((format) =>
      fc.record({
        make: fc.constant(format.make),
        extent: randomExtent(format.sizes, { maxSectors: 10_000, zeros: format.zeros }),
        options: shape,
      }),
    );
    const layers = fc.array(layer, { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(layers, fc.integer({ min: 1, max: 20_000 }), async (children, baseSectors) => {
        const base = Buffer.alloc(baseSectors * 512, 'base ');
        put('0-flat.vmdk', base);
        const extents = [`RW ${baseSectors} VMFS "0-flat.vmdk"`];
        let range = put('0.vmdk', buildDescriptor({ createType: 'vmfs', cid: '00000000', extents }));
        let model = base;
        for (const [index, { make, extent, options }] of children.entries()) {
          const [cid, parentCid] = [`0000000${index + 1}`, `0000000${index}`];
          range = make(String(index + 1), extent, options, { cid, parentCid, parent: `${index}.vmdk` });
          model = modelOf(extent, model);
        }
        expect((await readWhole(await openVmdkAt(range))).equals(model)).toBe(true);
      }),
      RUNS,
    );
  });
});
