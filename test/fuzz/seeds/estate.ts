import { createHash } from 'node:crypto';
import { machineOvf } from '../../support/export-maker.js';
import { buildStreamOptimized } from '../../unit/vmdk-reader/vmdk-builder.js';
import { grain } from './content.js';

const CAPACITY_SECTORS = 16_384;

/** A small streamOptimized disk. */
export function exportedDisk(): Buffer {
  const grains = new Map([3, 100].map((number) => [number, grain(128, `grain ${number}`)]));
  return buildStreamOptimized({ capacitySectors: CAPACITY_SECTORS, grains }).bytes;
}

/** The files of an export: descriptor, manifest, disk. */
export function exportFiles(): Map<string, Buffer> {
  const disk = exportedDisk();
  const ovf = Buffer.from(
    machineOvf('web01', [{ href: 'web01-disk1.vmdk', capacityBytes: CAPACITY_SECTORS * 512 }]),
  );
  const manifest = manifestOf(
    new Map([
      ['web01.ovf', ovf],
      ['web01-disk1.vmdk', disk],
    ]),
  );
  return new Map([
    ['web01.ovf', ovf],
    ['web01.mf', manifest],
    ['web01-disk1.vmdk', disk],
  ]);
}

export function manifestOf(files: ReadonlyMap<string, Buffer>): Buffer {
  const lines = [...files].map(
    ([name, bytes]) => `SHA256(${name})= ${createHash('sha256').update(bytes).digest('hex')}\n`,
  );
  return Buffer.from(lines.join(''));
}
