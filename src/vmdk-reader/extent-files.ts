import type { ByteSource } from '../io/byte-source.js';
import { fileBeside } from '../io/file-beside.js';
import { SourceFile } from '../io/source-file.js';

/** The files beside a descriptor: its extents, and the parents of a snapshot. */
export interface ExtentFiles {
  /** Opens a file by the name a descriptor gives. Rejects with OVF_UNSAFE_PATH, VMDK_EXTENT_MISSING, SOURCE_*. */
  open(name: string): Promise<ByteSource>;
}

/** Files in the descriptor's own folder. A path out of that folder is never followed, links included. */
export function extentsBeside(descriptorPath: string): ExtentFiles {
  return {
    open: async (name) =>
      SourceFile.openWhole(fileBeside(descriptorPath, name, 'VMDK_EXTENT_MISSING'), 'VMDK_TRUNCATED'),
  };
}
