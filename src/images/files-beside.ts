import { shownUrl } from '../http-source/index.js';
import type { ByteSource } from '../io/byte-source.js';
import { XenferryError } from '../model/errors.js';
import type { DatastoreLocation } from '../model/virtual-machine.js';
import { parentsBeside, type VhdParents } from '../vhd/index.js';
import { type ExtentFiles, extentsBeside, plainFileName } from '../vmdk-reader/index.js';
import type { ByteLocation, HttpLocation } from './image-source.js';
import { openBytes } from './open-bytes.js';

/** The files that a descriptor at a location may name. */
export function filesBeside(location: ByteLocation): ExtentFiles {
  switch (location.kind) {
    case 'files':
      return extentsBeside(location.ranges[0]?.path ?? '');
    case 'http':
      return extentsAtUrl(location);
    case 'datastore':
      return extentsInDatastore(location);
    case 'nbd':
      return { open: (name) => Promise.reject(missing(name, 'an NBD export has no files beside it')) };
  }
}

/** The files among which the parent of a differencing VHD at a location is. */
export function parentsAt(location: ByteLocation): VhdParents {
  if (location.kind === 'files') return parentsBeside(location.ranges[0]?.path ?? '');
  const message = 'the parent of a differencing VHD is looked for beside it in a folder only';
  return { open: () => Promise.reject(new XenferryError('VHD_PARENT_MISSING', message)) };
}

/** Files in the descriptor's folder of the datastore. */
function extentsInDatastore(location: DatastoreLocation): ExtentFiles {
  const folder = location.path.slice(0, location.path.lastIndexOf('/') + 1);
  const file = `[${location.datastore}] ${location.path}`;
  return {
    open: (name) => openNamed({ ...location, path: `${folder}${plainFileName(name, file)}` }, name, file),
  };
}

/** Files in the folder of the descriptor's URL, asked for with the same credentials and the same query. */
function extentsAtUrl(location: HttpLocation): ExtentFiles {
  const file = shownUrl(location.url);
  return {
    open: async (name) => {
      const url = new URL(encodeURIComponent(plainFileName(name, file)), location.url);
      url.search = new URL(location.url).search;
      return await openNamed({ ...location, url: url.href }, name, file);
    },
  };
}

async function openNamed(location: ByteLocation, name: string, descriptor: string): Promise<ByteSource> {
  try {
    return await openBytes(location);
  } catch (error) {
    if (!(error instanceof XenferryError) || error.code !== 'SOURCE_NOT_FOUND') throw error;
    throw missing(name, error.message, descriptor, error);
  }
}

function missing(name: string, reason: string, file?: string, cause?: unknown): XenferryError {
  return new XenferryError('VMDK_EXTENT_MISSING', `${name} cannot be opened (${reason})`, { file, cause });
}
