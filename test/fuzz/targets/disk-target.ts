import { fileImage, type ImageFormat } from '../../../src/images/index.js';
import { GIB } from '../../../src/model/units.js';
import { mainBytes, mainPath } from '../input.js';
import { once } from './once.js';
import { readImage } from './read-image.js';
import type { FuzzTarget, Seed } from './target.js';
import { convertWholeWay } from './whole-way.js';

const OUTPUTS = ['vhd', 'raw', 'xva'] as const;
/** Larger outputs cost time and tell no more. */
const MAX_CONVERTED_BLOCKS = 16;
/** A conversion keeps ten bytes a block, which for the largest disks is more than an input may take here. */
const MAX_CONVERTED_BYTES = 4096 * GIB;

/** Reads disks of one format, and converts some. */
export function diskTarget(
  name: string,
  seeds: () => readonly Seed[],
  format: ImageFormat = 'vmdk',
): FuzzTarget {
  return {
    name,
    converts: true,
    seeds: once(seeds),
    run: async (input) => {
      const path = mainPath(input);
      const { length } = mainBytes(input);
      const { blocks, capacityBytes } = await readImage(fileImage(format, path, length));
      if (!input.wholeWay || blocks > MAX_CONVERTED_BLOCKS || capacityBytes > MAX_CONVERTED_BYTES) return;
      await convertWholeWay(path, OUTPUTS[length % OUTPUTS.length] ?? 'vhd');
    },
  };
}
