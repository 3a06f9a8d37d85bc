import { stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { partialPath } from '../io/partial-file.js';
import { systemErrorCode } from '../model/errors.js';

/** Bytes an ordinary user may still write below `folder`, which need not exist yet. */
export async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    const parent = dirname(folder);
    if (systemErrorCode(error) !== 'ENOENT' || parent === folder) throw error;
    return await freeBytes(parent);
  }
}

/** Bytes on disk of an output that earlier runs finished or began. */
export async function usedBytes(folder: string, output: string): Promise<number> {
  const path = join(folder, output);
  return (await bytesOnDisk(path)) + (await bytesOnDisk(partialPath(path)));
}

async function bytesOnDisk(path: string): Promise<number> {
  try {
    return (await stat(path)).blocks * 512;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return 0;
    throw error;
  }
}
