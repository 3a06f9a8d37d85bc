import { gzipSync } from 'node:zlib';
import { unpackImage } from '../../../src/images/index.js';
import { MIB } from '../../../src/model/units.js';
import { mainBytes, mainPath } from '../input.js';
import { exportedDisk } from '../seeds/estate.js';
import { once } from './once.js';
import { readImage } from './read-image.js';
import type { FuzzTarget } from './target.js';

/** A disk that is unpacked before it is read. */
export const GZIP: FuzzTarget = {
  name: 'gzip',
  seeds: once(() => [
    { name: 'gzip', files: new Map([['disk.vmdk.gz', gzipSync(exportedDisk())]]) },
    { name: 'stored', files: new Map([['disk.vmdk.gz', gzipSync(exportedDisk(), { level: 0 })]]) },
  ]),
  run: async (input) => {
    const path = mainPath(input);
    const range = { path, offset: 0, length: mainBytes(input).length };
    const location = {
      kind: 'files',
      parts: [{ range, name: 'disk.vmdk.gz', expectedDigest: null }],
      compression: 'gzip',
    } as const;
    const image = await unpackImage(location, 8 * MIB, `${path}.partial`, new AbortController().signal);
    try {
      await readImage(image.source);
    } finally {
      await image.release();
    }
  },
};
