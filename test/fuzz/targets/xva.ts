import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { verifyFile } from '../../../src/conversion/verify-task.js';
import { encodeOvaXml } from '../../../src/xva/index.js';
import { mainPath } from '../input.js';
import { grain } from '../seeds/content.js';
import { buildTar, sealTar } from '../seeds/tar.js';
import { once } from './once.js';
import type { FuzzTarget } from './target.js';

const DISK_SECTORS = 8;
const DISK_IDS = ['Ref:00007', 'Ref:00008'];

/** XVA files as the check of finished files reads them. */
export const XVA: FuzzTarget = {
  name: 'xva',
  seeds: once(() => {
    const members = new Map([['ova.xml', Buffer.from(ovaXml())], ...chunks()]);
    return [{ name: 'two-disks', files: new Map([['machine.xva', buildTar(members)]]) }];
  }),
  seal: sealTar,
  run: async (input) => await verify(mainPath(input)),
};

/** The text of an XVA's first member, in an archive that is sound but for it. */
export const OVA_XML: FuzzTarget = {
  name: 'ova-xml',
  seeds: once(() => [{ name: 'two-disks', files: new Map([['ova.xml', Buffer.from(ovaXml())]]) }]),
  run: async ({ files, folder }) => {
    const path = join(folder, 'machine.xva');
    writeFileSync(path, buildTar(new Map([...files, ...chunks()])));
    await verify(path);
  },
};

async function verify(path: string): Promise<void> {
  const canceled = new Int32Array(new SharedArrayBuffer(4));
  await verifyFile({ kind: 'xva', path, expected: null, canceled });
}

function ovaXml(): string {
  const objects = DISK_IDS.flatMap((id, index) => [
    { class: 'VDI', id, snapshot: { uuid: id, virtual_size: String(DISK_SECTORS * 512) } } as const,
    {
      class: 'VBD',
      id: `Ref:0001${index}`,
      snapshot: { VDI: id, type: 'Disk', bootable: index === 0 },
    } as const,
  ]);
  return encodeOvaXml(objects);
}

function chunks(): ReadonlyMap<string, Buffer> {
  const members = DISK_IDS.flatMap((id) => {
    const chunk = grain(DISK_SECTORS, id);
    const checksum = Buffer.from(createHash('sha1').update(chunk).digest('hex'));
    return [[`${id}/00000000`, chunk] as const, [`${id}/00000000.checksum`, checksum] as const];
  });
  return new Map(members);
}
