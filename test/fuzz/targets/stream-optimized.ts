import { deflateSync } from 'node:zlib';
import { buildStreamOptimized } from '../../unit/vmdk-reader/vmdk-builder.js';
import { grain } from '../seeds/content.js';
import { descriptorOf, embedded } from '../seeds/descriptors.js';
import { buildHostedSparse } from '../seeds/hosted-sparse.js';
import { qemuSeed } from '../seeds/qemu-seed.js';
import { diskTarget } from './disk-target.js';
import type { Seed } from './target.js';

const CAPACITY_SECTORS = 65_536;
const GRAINS = [0, 1, 2, 40, 511];

export const STREAM_OPTIMIZED = diskTarget('stream-optimized', () => [
  qemuSeed({
    name: 'qemu-stream-optimized',
    file: 'disk.vmdk',
    format: 'vmdk',
    options: 'subformat=streamOptimized',
  }),
  withFooter(),
  smallGrains(),
  withoutMarkers(),
]);

/** Directory and header at the end, as ESXi writes it. */
function withFooter(): Seed {
  const grains = new Map(GRAINS.map((number) => [number, grain(128, `grain ${number}`)]));
  const { bytes } = buildStreamOptimized({ capacitySectors: CAPACITY_SECTORS, grains });
  return { name: 'footer', files: new Map([['disk.vmdk', bytes]]) };
}

/** Several tables, and a grain that is stored rather than compressed. */
function smallGrains(): Seed {
  const stored = deflateSync(grain(8, 'stored'), { level: 0 });
  const { bytes } = buildStreamOptimized({
    capacitySectors: 8192,
    grainSectors: 8,
    entriesPerTable: 256,
    grains: new Map<number, Buffer | { readonly stored: Buffer }>([
      [0, grain(8, 'first')],
      [1, grain(8, 'second')],
      [600, { stored }],
    ]),
  });
  return { name: 'small-grains', files: new Map([['disk.vmdk', bytes]]) };
}

function withoutMarkers(): Seed {
  const extents = [`RW ${CAPACITY_SECTORS} SPARSE "disk.vmdk"`];
  const disk = buildHostedSparse({
    capacitySectors: CAPACITY_SECTORS,
    descriptor: embedded(descriptorOf({ createType: 'streamOptimized', extents })),
    grains: new Map(GRAINS.map((number) => [number, grain(128, `grain ${number}`)])),
    compressed: true,
  });
  return { name: 'no-markers', files: new Map([['disk.vmdk', disk]]) };
}
