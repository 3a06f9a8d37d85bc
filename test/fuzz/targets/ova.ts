import { mainPath } from '../input.js';
import { exportFiles } from '../seeds/estate.js';
import { buildTar, sealTar } from '../seeds/tar.js';
import { once } from './once.js';
import { readEstate } from './read-estate.js';
import type { FuzzTarget } from './target.js';

export const OVA: FuzzTarget = {
  name: 'ova',
  seeds: once(() => [
    { name: 'export', files: new Map([['web01.ova', buildTar(exportFiles())]]) },
    { name: 'pax', files: new Map([['web01.ova', withPaxHeader()]]) },
  ]),
  seal: sealTar,
  run: async (input) => await readEstate(mainPath(input)),
};

/** A pax header before the first member, and a GNU long name before a second one. */
function withPaxHeader(): Buffer {
  const pax = buildTar(new Map([['pax', Buffer.from('18 path=web01.ovf\n15 comment=pax\n')]]));
  const longName = buildTar(new Map([['././@LongLink', Buffer.from('web01-disk1.vmdk\0')]]));
  pax.write('x', 156, 'latin1');
  longName.write('L', 156, 'latin1');
  const tar = Buffer.concat([longName.subarray(0, 1024), pax.subarray(0, 1024), buildTar(exportFiles())]);
  sealTar(tar);
  return tar;
}
