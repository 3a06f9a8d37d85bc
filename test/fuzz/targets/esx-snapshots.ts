import { buildCowd } from '../../unit/vmdk-reader/cowd-builder.js';
import { buildSesparse } from '../../unit/vmdk-reader/sesparse-builder.js';
import { grain } from '../seeds/content.js';
import { descriptorOf } from '../seeds/descriptors.js';
import { diskTarget } from './disk-target.js';
import type { Seed } from './target.js';

const CAPACITY_SECTORS = 16_384;

/** Snapshots as ESX keeps them on a datastore: COWD and SESparse deltas on a flat base. */
export const ESX_SNAPSHOTS = diskTarget('esx-snapshots', () => [
  snapshot('cowd', 'VMFSSPARSE', cowd()),
  snapshot('sesparse', 'SESPARSE', sesparse()),
]);

function cowd(): Buffer {
  const grains = new Map([0, 3, 4, 9000].map((number) => [number, grain(1, `grain ${number}`)]));
  return buildCowd({ capacitySectors: CAPACITY_SECTORS, grains }).bytes;
}

function sesparse(): Buffer {
  const grains = new Map<number, Buffer | 'unmapped' | 'zeros'>([
    [0, grain(8, 'first')],
    [1, 'zeros'],
    [2, 'unmapped'],
    [1500, grain(8, 'far')],
  ]);
  return buildSesparse({ capacitySectors: CAPACITY_SECTORS, grains }).bytes;
}

function snapshot(name: string, kind: string, delta: Buffer): Seed {
  const parent = { cid: 'aaaaaaaa', file: 'disk.vmdk' };
  const base = ['RW 128 VMFS "disk-flat.vmdk"', `RW ${CAPACITY_SECTORS - 128} ZERO`];
  return {
    name,
    files: new Map([
      [
        'disk-000001.vmdk',
        descriptorOf({
          createType: name === 'cowd' ? 'vmfsSparse' : 'seSparse',
          cid: 'bbbbbbbb',
          parent,
          extents: [`RW ${CAPACITY_SECTORS} ${kind} "disk-000001-delta.vmdk"`],
        }),
      ],
      ['disk-000001-delta.vmdk', delta],
      ['disk.vmdk', descriptorOf({ createType: 'vmfs', cid: 'aaaaaaaa', extents: base })],
      ['disk-flat.vmdk', grain(128, 'flat')],
    ]),
  };
}
