import { join } from 'node:path';
import { exportedDisk } from '../seeds/estate.js';
import { once } from './once.js';
import { readImage } from './read-image.js';
import type { FuzzTarget } from './target.js';

const CHUNK_BYTES = 1024;

/** A disk in several files that follow each other. */
export const CHUNKED: FuzzTarget = {
  name: 'chunked',
  seeds: once(() => {
    const disk = exportedDisk();
    const count = Math.ceil(disk.length / CHUNK_BYTES);
    const chunks = Array.from({ length: count }, (_, index) => {
      const chunk = disk.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);
      return [`disk.vmdk.${String(index).padStart(9, '0')}`, chunk] as const;
    });
    return [{ name: 'chunks', files: new Map(chunks) }];
  }),
  run: async ({ files, folder }) => {
    const ranges = [...files].map(([name, { length }]) => ({ path: join(folder, name), offset: 0, length }));
    await readImage({ format: 'vmdk', location: { kind: 'files', ranges } });
  },
};
