import { realpathSync } from 'node:fs';
import { basename, dirname, resolve, sep } from 'node:path';
import { type ErrorCode, systemErrorCode, XenferryError } from '../model/errors.js';

/**
 * Absolute path of the file `name` in the folder of the file `path`. A path out of that folder is never followed,
 * links included. Throws OVF_UNSAFE_PATH, or `missing` when there is no such file.
 */
export function fileBeside(path: string, name: string, missing: ErrorCode): string {
  const folder = dirname(path);
  const beside = resolve(folder, plainFileName(name, path));
  const real = realPath(beside, path, missing);
  if (!real.startsWith(realPath(folder, path, missing).replace(/\/*$/, sep))) {
    throw new XenferryError('OVF_UNSAFE_PATH', `"${name}" is a link out of its folder`, { file: path });
  }
  return beside;
}

/** Checks that a name found in the file `path` is a plain file name. Throws OVF_UNSAFE_PATH. */
export function plainFileName(name: string, path: string): string {
  if (name === '' || name !== basename(name) || name.includes('\\') || name === '.' || name === '..') {
    throw new XenferryError('OVF_UNSAFE_PATH', `"${name}" is not a plain file name`, { file: path });
  }
  return name;
}

function realPath(path: string, namedBy: string, missing: ErrorCode): string {
  try {
    return realpathSync(path);
  } catch (error) {
    const reason = systemErrorCode(error) ?? String(error);
    throw new XenferryError(missing, `${basename(path)} cannot be opened (${reason})`, {
      file: namedBy,
      cause: error,
    });
  }
}
