import { grain } from '../seeds/content.js';
import { descriptorOf } from '../seeds/descriptors.js';
import { buildHostedSparse } from '../seeds/hosted-sparse.js';
import { diskTarget } from './disk-target.js';
import type { Seed } from './target.js';

const CAPACITY_SECTORS = 16_384;

export const CHAIN = diskTarget('chain', () => [snapshots(), onFlat()]);

/** Two snapshots, the upper with a zeroed grain that hides the base's. */
function snapshots(): Seed {
  return {
    name: 'snapshots',
    files: new Map([
      ['disk-000002.vmdk', link('c', { cid: 'bbbbbbbb', file: 'disk-000001.vmdk' }, 'disk-000002-s001.vmdk')],
      [
        'disk-000001.vmdk',
        link('b', { cid: 'aaaaaaaa', file: '/vmfs/x/disk.vmdk' }, 'disk-000001-s001.vmdk'),
      ],
      ['disk.vmdk', link('a', undefined, 'disk-s001.vmdk')],
      ['disk-000002-s001.vmdk', extent([1, 40], [2])],
      ['disk-000001-s001.vmdk', extent([1, 2, 3], [])],
      ['disk-s001.vmdk', extent([0, 1, 2, 3, 60], [])],
    ]),
  };
}

function onFlat(): Seed {
  const extents = ['RW 128 FLAT "disk-flat.vmdk" 0', `RW ${CAPACITY_SECTORS - 128} ZERO`];
  return {
    name: 'on-flat',
    files: new Map([
      ['disk-000001.vmdk', link('b', { cid: 'aaaaaaaa', file: 'disk.vmdk' }, 'disk-000001-s001.vmdk')],
      ['disk.vmdk', descriptorOf({ createType: 'monolithicFlat', cid: 'aaaaaaaa', extents })],
      ['disk-000001-s001.vmdk', extent([0, 50], [1])],
      ['disk-flat.vmdk', grain(128, 'flat')],
    ]),
  };
}

function link(
  digit: string,
  parent: { readonly cid: string; readonly file: string } | undefined,
  file: string,
): Buffer {
  return descriptorOf({
    createType: 'twoGbMaxExtentSparse',
    cid: digit.repeat(8),
    ...(parent === undefined ? {} : { parent }),
    extents: [`RW ${CAPACITY_SECTORS} SPARSE "${file}"`],
  });
}

function extent(stored: readonly number[], zeroedGrains: readonly number[]): Buffer {
  const grains = new Map(stored.map((number) => [number, grain(16, `grain ${number}`)]));
  return buildHostedSparse({ capacitySectors: CAPACITY_SECTORS, grainSectors: 16, grains, zeroedGrains });
}
