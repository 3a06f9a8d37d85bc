import { readManifest } from '../../../src/ovf-parser/index.js';
import { mainBytes, mainPath } from '../input.js';
import { exportFiles, manifestOf } from '../seeds/estate.js';
import { once } from './once.js';
import type { FuzzTarget } from './target.js';

export const MANIFEST: FuzzTarget = {
  name: 'manifest',
  seeds: once(() => [{ name: 'manifest', files: new Map([['web01.mf', manifestOf(exportFiles())]]) }]),
  run: async (input) => {
    await readManifest({ path: mainPath(input), offset: 0, length: mainBytes(input).length });
  },
};
