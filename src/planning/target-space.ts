import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { partialPath } from '../io/partial-file.js';
import { systemErrorCode } from '../model/errors.js';

/** Bytes on disk of an output that earlier runs finished or began. */
export async function usedBytes(folder: string, output: string): Promise<number> {
  const path = join(folder, output);
  return (await bytesOnDisk(path)) + (await bytesOnDisk(partialPath(path)));
}

async function bytesOnDisk(path: string): Promise<number> {
  try {
    return (await stat(path)).blocks * 512;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return 0;
    throw error;
  }
}
