import { readdir, readFile, stat } from 'node:fs/promises';
import { systemErrorCode, XenferryError } from '../../model/errors.js';

/** Names in the operator's folder of guest tools. Rejects with SOURCE_UNREADABLE. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    throw unreadable(folder, error);
  }
}

/** A file of that folder. Rejects with SOURCE_UNREADABLE, for more than `maxBytes` as well. */
export async function readPackage(path: string, maxBytes: number): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size > maxBytes)
      throw new XenferryError('SOURCE_UNREADABLE', 'no package is that large', { file: path });
    return await readFile(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(file: string, cause: unknown): unknown {
  const code = systemErrorCode(cause);
  if (code === undefined) return cause;
  return new XenferryError('SOURCE_UNREADABLE', `cannot be read (${code})`, { file, cause });
}
