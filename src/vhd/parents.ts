import { win32 } from 'node:path';
import { type ByteSource, readBytes } from '../io/byte-source.js';
import { fileBeside } from '../io/file-beside.js';
import { SourceFile } from '../io/source-file.js';
import { XenferryError } from '../model/errors.js';
import { KIB } from '../model/units.js';
import { type DynamicHeader, type ParentLocator, textBeforeNul } from './dynamic-header.js';

/** The files among which a differencing disk's parent is. */
export interface VhdParents {
  /** Opens a file by its plain name. Rejects with OVF_UNSAFE_PATH, VHD_PARENT_MISSING, SOURCE_*. */
  open(name: string): Promise<ByteSource>;
}

/** The longest path Windows knows has 32767 characters. */
const MAX_PATH_BYTES = 64 * KIB;

/** Parents in the folder of the file `path`. A path out of that folder is never followed, links included. */
export function parentsBeside(path: string): VhdParents {
  return {
    open: async (name) => SourceFile.openWhole(fileBeside(path, name, 'VHD_PARENT_MISSING'), 'VHD_INVALID'),
  };
}

/**
 * Opens the parent of the differencing disk `file`, by the first of its names that opens: the relative path, the
 * absolute one, the name in the header, each reduced to its last part. The caller closes it.
 * Rejects with VHD_PARENT_MISSING and as `parents.open` does.
 */
export async function openParent(
  file: ByteSource,
  header: DynamicHeader,
  parents: VhdParents,
): Promise<ByteSource> {
  const names = await parentNames(file, header);
  let failure: unknown = new XenferryError('VHD_PARENT_MISSING', 'it names no parent', { file: file.path });
  for (const [index, name] of names.entries()) {
    try {
      return await parents.open(name);
    } catch (error) {
      if (index === 0) failure = error;
    }
  }
  throw failure;
}

/** Plain file names, each once, the most trustworthy first. */
async function parentNames(file: ByteSource, { locators, parentName }: DynamicHeader): Promise<string[]> {
  const paths: string[] = [];
  for (const code of ['W2ru', 'W2ku']) {
    for (const locator of locators)
      if (locator.code === code) paths.push(await readLocatorPath(file, locator));
  }
  // Every export has its files side by side, wherever they were when the snapshot was taken.
  const names = [...paths, parentName].map((path) => win32.basename(path));
  return [...new Set(names)].filter((name) => name !== '' && name !== '.' && name !== '..');
}

/** The path of a locator, Windows' or a file URL; empty when it does not stand in the file. Rejects with SOURCE_*. */
export async function readLocatorPath(
  file: ByteSource,
  { code, offset, length }: ParentLocator,
): Promise<string> {
  if (length > MAX_PATH_BYTES || offset + length > file.length) return '';
  const encoding = code.startsWith('W2') ? 'utf16le' : 'utf8';
  return textBeforeNul((await readBytes(file, offset, length)).toString(encoding));
}
