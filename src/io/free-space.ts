import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemErrorCode } from '../model/errors.js';

/** Bytes an ordinary user may still write below `folder`, which need not exist yet. */
export async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    const parent = dirname(folder);
    const code = systemErrorCode(error) ?? '';
    // Whether the folder can be made is seen when it is made.
    if (!['ENOENT', 'ENOTDIR'].includes(code) || parent === folder) throw error;
    return await freeBytes(parent);
  }
}
