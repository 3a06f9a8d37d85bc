import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocatedBlocks, createReadTools, readDisk } from '../../../src/disk-image/index.js';
import { XenferryError } from '../../../src/model/errors.js';
import { BLOCK_BYTES } from '../../../src/model/units.js';
import type { FileRange } from '../../../src/model/virtual-machine.js';
import { openVmdkAt } from '../../support/disk-reader.js';
import { tempFiles } from '../../support/temp-files.js';
import { buildCowd } from './cowd-builder.js';
import { buildDescriptor } from './descriptor-builder.js';
import { buildSesparse } from './sesparse-builder.js';
import { buildSparse } from './sparse-builder.js';
import { buildStreamOptimized } from './vmdk-builder.js';

const { put } = tempFiles();
const tools = createReadTools();
const capacitySectors = 3 * 4096 + 5;
const grainsOf = (bytes: number) =>
  new Map([0, 5, 90].map((number) => [number, Buffer.alloc(bytes, `grain ${number}`)]));
const extents = [`RW ${capacitySectors} SPARSE "extent.vmdk"`];
const descriptor = buildDescriptor({ createType: 'monolithicSparse', extents });

/** Files whose metadata stands in their first 40 KiB or in their last 8. */
const FILES: ReadonlyArray<readonly [name: string, bytes: Buffer, monolithic: boolean]> = [
  ['hosted sparse', buildSparse({ capacitySectors, grains: grainsOf(65_536), descriptor }).bytes, true],
  ['streamOptimized', buildStreamOptimized({ capacitySectors, grains: grainsOf(65_536) }).bytes, true],
  ['COWD', buildCowd({ capacitySectors, grains: grainsOf(512) }).bytes, false],
  ['SESparse', buildSesparse({ capacitySectors, grains: grainsOf(4096) }).bytes, false],
];

/** Surveys a disk and reads both its ends. */
async function useDisk(range: FileRange): Promise<void> {
  const image = await openVmdkAt(range);
  try {
    await allocatedBlocks(image);
    const target = Buffer.alloc(BLOCK_BYTES);
    await readDisk(image, target, 0, BLOCK_BYTES, tools);
    await readDisk(image, target, Math.max(0, image.byteLength - BLOCK_BYTES), BLOCK_BYTES, tools);
  } finally {
    image.close();
  }
}

describe.each(FILES)('%s with damaged metadata', (name, sound, monolithic) => {
  it('is read or refused as what it is, and nothing else happens', async () => {
    const file = monolithic ? `${name}.vmdk` : 'extent.vmdk';
    const metadata = fc.oneof(
      fc.nat({ max: 600 }),
      fc.nat({ max: Math.min(40_960, sound.length) - 1 }),
      fc.integer({ min: Math.max(0, sound.length - 8192), max: sound.length - 1 }),
    );
    const value = fc.constantFrom(0, 1, 0x10, 0x7f, 0x80, 0xff);
    const patches = fc.array(fc.tuple(metadata, value), { minLength: 1, maxLength: 6 });
    const cut = fc.option(fc.nat({ max: sound.length }));
    await fc.assert(
      fc.asyncProperty(patches, cut, async (bytes, end) => {
        const damaged = Buffer.from(sound.subarray(0, end ?? sound.length));
        for (const [offset, byte] of bytes) if (offset < damaged.length) damaged[offset] = byte;
        const extent = put(file, damaged);
        const range = monolithic ? extent : put(`${name}.vmdk`, descriptor);
        await useDisk(range).catch((error) => expect(error).toBeInstanceOf(XenferryError));
      }),
      { numRuns: 100 },
    );
  });
});
