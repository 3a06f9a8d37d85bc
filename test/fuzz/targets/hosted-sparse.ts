import { GIB, MIB, SECTOR_BYTES } from '../../../src/model/units.js';
import { grain } from '../seeds/content.js';
import { descriptorOf, embedded } from '../seeds/descriptors.js';
import { buildHostedSparse } from '../seeds/hosted-sparse.js';
import { qemuSeed } from '../seeds/qemu-seed.js';
import { diskTarget } from './disk-target.js';
import type { Seed } from './target.js';

export const HOSTED_SPARSE = diskTarget('hosted-sparse', () => [
  qemuSeed({
    name: 'qemu-monolithic-sparse',
    file: 'disk.vmdk',
    format: 'vmdk',
    options: 'subformat=monolithicSparse',
  }),
  qemuSeed({
    name: 'qemu-split-sparse',
    file: 'disk.vmdk',
    format: 'vmdk',
    options: 'subformat=twoGbMaxExtentSparse',
  }),
  redundant(),
  terabytes(),
  split(),
]);

function redundant(): Seed {
  const capacitySectors = (8 * MIB) / SECTOR_BYTES;
  const disk = buildHostedSparse({
    capacitySectors,
    grainSectors: 16,
    entriesPerTable: 128,
    descriptor: monolithic(capacitySectors),
    grains: new Map([0, 5, 6, 300, 1023].map((number) => [number, grain(16, `grain ${number}`)])),
    zeroedGrains: [7, 301],
    redundant: true,
  });
  return { name: 'redundant', files: new Map([['disk.vmdk', disk]]) };
}

/** A directory of kilobytes for a disk of terabytes. */
function terabytes(): Seed {
  const capacitySectors = (2048 * GIB) / SECTOR_BYTES;
  const disk = buildHostedSparse({
    capacitySectors,
    entriesPerTable: 4096,
    descriptor: monolithic(capacitySectors),
    grains: new Map([[30_000_000, grain(128, 'far away')]]),
  });
  return { name: 'terabytes', files: new Map([['disk.vmdk', disk]]) };
}

function split(): Seed {
  const capacitySectors = (4 * MIB) / SECTOR_BYTES;
  const descriptor = descriptorOf({
    createType: 'twoGbMaxExtentSparse',
    extents: [
      `RW ${capacitySectors} SPARSE "disk-s001.vmdk"`,
      `RW ${capacitySectors} SPARSE "disk-s002.vmdk"`,
    ],
  });
  const extent = (mark: string) =>
    buildHostedSparse({ capacitySectors, grainSectors: 16, grains: new Map([[9, grain(16, mark)]]) });
  return {
    name: 'split',
    files: new Map([
      ['disk.vmdk', descriptor],
      ['disk-s001.vmdk', extent('one')],
      ['disk-s002.vmdk', extent('two')],
    ]),
  };
}

function monolithic(capacitySectors: number): Buffer {
  const extents = [`RW ${capacitySectors} SPARSE "disk.vmdk"`];
  return embedded(descriptorOf({ createType: 'monolithicSparse', extents }));
}
