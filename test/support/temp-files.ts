import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { FileRange } from '../../src/model/virtual-machine.js';

/** A folder that goes away with the test file, and a way to put files into it. */
export function tempFiles(): {
  folder: string;
  put: (name: string, bytes: Uint8Array | string) => FileRange;
} {
  const folder = mkdtempSync(join(tmpdir(), 'xenferry-unit-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return {
    folder,
    put: (name, bytes) => {
      const path = join(folder, name);
      writeFileSync(path, bytes);
      return { path, offset: 0, length: Buffer.byteLength(bytes) };
    },
  };
}
