import { grain } from '../seeds/content.js';
import { descriptorOf } from '../seeds/descriptors.js';
import { diskTarget } from './disk-target.js';
import type { Seed } from './target.js';

export const DESCRIPTOR = diskTarget('descriptor', () => [
  flat('monolithicFlat', 'RW 128 FLAT "disk-flat.vmdk" 0'),
  flat('vmfs', 'RW 128 VMFS "disk-flat.vmdk"'),
  flat(
    'custom',
    'RW 64 FLAT "disk-flat.vmdk" 64',
    'RW 8192 ZERO',
    'RDONLY 32 FLAT "disk-flat.vmdk" 0',
    'NOACCESS 4096 ZERO',
  ),
]);

function flat(createType: string, ...extents: readonly string[]): Seed {
  return {
    name: createType,
    files: new Map([
      ['disk.vmdk', descriptorOf({ createType, extents })],
      ['disk-flat.vmdk', grain(128, 'flat')],
    ]),
  };
}
