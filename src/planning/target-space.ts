import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { partialPath } from '../io/partial-file.js';
import { systemErrorCode } from '../model/errors.js';

/** Bytes on disk of an output, a file or a folder of files, that earlier runs finished or began. */
export async function usedBytes(folder: string, output: string): Promise<number> {
  const path = join(folder, output);
  return (await bytesOnDisk(path)) + (await bytesOnDisk(partialPath(path)));
}

async function bytesOnDisk(path: string): Promise<number> {
  try {
    const found = await stat(path);
    if (!found.isDirectory()) return found.blocks * 512;
    const files = await Promise.all((await readdir(path)).map((name) => stat(join(path, name))));
    return files.reduce((sum, { blocks }) => sum + blocks * 512, 0);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return 0;
    throw error;
  }
}
