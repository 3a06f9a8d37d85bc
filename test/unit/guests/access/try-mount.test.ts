import { readdirSync } from 'node:fs';
import { afterEach, expect, it, vi } from 'vitest';
import { tryMount } from '../../../../src/guests/access/try-mount.js';
import { tempFiles } from '../../../support/temp-files.js';

const { folder } = tempFiles();

afterEach(() => vi.unstubAllEnvs());

it('mounts here, where all else of guests is tested, and leaves nothing', async () => {
  vi.stubEnv('TMPDIR', folder);
  await tryMount();
  expect(readdirSync(folder)).toEqual([]);
});
