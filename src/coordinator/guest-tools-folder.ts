import { stat } from 'node:fs/promises';
import { XenferryError } from '../model/errors.js';

/** The folder itself; rejects with CONFIG_INVALID when it is none. Null stays null. */
export async function guestToolsFolder(path: string | null): Promise<string | null> {
  if (path === null) return null;
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder) return path;
  throw new XenferryError('CONFIG_INVALID', 'guest tools are a folder, which this is not', { file: path });
}
