import { realpathSync } from 'node:fs';
import { basename, dirname, resolve, sep } from 'node:path';
import type { ByteSource } from '../io/byte-source.js';
import { SourceFile } from '../io/source-file.js';
import { systemErrorCode, XenferryError } from '../model/errors.js';

/** The files beside a descriptor: its extents, and the parents of a snapshot. */
export interface ExtentFiles {
  /** Opens a file by the name a descriptor gives. Rejects with OVF_UNSAFE_PATH, VMDK_EXTENT_MISSING, SOURCE_*. */
  open(name: string): Promise<ByteSource>;
}

/** Files in the descriptor's own folder. A path out of that folder is never followed, links included. */
export function extentsBeside(descriptorPath: string): ExtentFiles {
  return {
    open: async (name) => SourceFile.openWhole(pathBeside(descriptorPath, name), 'VMDK_TRUNCATED'),
  };
}

/** Checks that a name of a descriptor is a plain file name. Throws OVF_UNSAFE_PATH. */
export function plainFileName(name: string, descriptorPath: string): string {
  if (name === '' || name !== basename(name) || name.includes('\\') || name === '.' || name === '..') {
    throw new XenferryError('OVF_UNSAFE_PATH', `"${name}" is not a plain file name`, {
      file: descriptorPath,
    });
  }
  return name;
}

function pathBeside(descriptorPath: string, name: string): string {
  const folder = dirname(descriptorPath);
  const path = resolve(folder, plainFileName(name, descriptorPath));
  const real = realPath(path, descriptorPath);
  if (!real.startsWith(realPath(folder, descriptorPath).replace(/\/*$/, sep))) {
    throw new XenferryError('OVF_UNSAFE_PATH', `"${name}" is a link out of its folder`, {
      file: descriptorPath,
    });
  }
  return path;
}

function realPath(path: string, descriptorPath: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    const reason = systemErrorCode(error) ?? String(error);
    throw new XenferryError('VMDK_EXTENT_MISSING', `${basename(path)} cannot be opened (${reason})`, {
      file: descriptorPath,
      cause: error,
    });
  }
}
