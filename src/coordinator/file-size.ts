import { stat } from 'node:fs/promises';
import { systemErrorCode } from '../model/errors.js';

/** In bytes; null when there is no such file. */
export async function fileSize(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw error;
  }
}
