import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { systemErrorCode, XenferryError } from '../model/errors.js';
import type { FileRange } from '../model/virtual-machine.js';

/**
 * The whole of a file in `folder` by its relative name (checked before for `..` and the like); null when there is no
 * such regular file. Throws OVF_UNSAFE_PATH when a link on the way leads out of the folder.
 */
export async function findInFolder(folder: string, name: string): Promise<FileRange | null> {
  const file = path.join(folder, name);
  try {
    const real = await realpath(file);
    const inside = path.relative(await realpath(folder), real);
    if (inside.startsWith(`..${path.sep}`) || path.isAbsolute(inside)) {
      throw new XenferryError('OVF_UNSAFE_PATH', 'a symbolic link leads out of the folder', { file });
    }
    const stats = await stat(real);
    return stats.isFile() ? { path: file, offset: 0, length: stats.size } : null;
  } catch (error) {
    const reason = systemErrorCode(error);
    if (reason === 'ENOENT' || reason === 'ENOTDIR' || reason === 'ELOOP') return null;
    throw error;
  }
}
