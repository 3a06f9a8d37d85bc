import { XenferryError } from '../model/errors.js';
import { BLOCK_BYTES } from '../model/units.js';
import type { Disk } from '../model/virtual-machine.js';
import { qemuImgDataRanges } from '../qemu-img/index.js';
import type { DataRanges } from '../vmdk-reader/index.js';
import { type ImageSource, openImage } from './image-source.js';

/** What a disk's metadata tells without reading its data. */
export interface DiskSurvey {
  readonly source: ImageSource;
  readonly capacityBytes: number;
  /** One byte per 2 MiB block, 1 where it may hold data. */
  readonly allocated: Uint8Array;
  readonly dataBytes: number;
  /** Whether all of `dataBytes` surely is data; a flat file may be full of zeros. */
  readonly exact: boolean;
  /** Absolute paths of the files the disk consists of. */
  readonly files: readonly string[];
}

/** The survey of a machine's disk; null when the disk has no file. Throws as `surveyImage`. */
export async function surveyDisk(disk: Disk): Promise<DiskSurvey | null> {
  return disk.location === null ? null : await surveyImage({ kind: 'vmdk', range: disk.location });
}

/** Opens an image and reads its allocation map. Throws VMDK_*, SOURCE_*, TOOL_*. */
export async function surveyImage(source: ImageSource): Promise<DiskSurvey> {
  const image = openImage(source, flatDataRanges);
  try {
    const allocated = await image.allocatedBlocks();
    return {
      source,
      capacityBytes: image.capacityBytes,
      allocated,
      dataBytes: allocated.reduce((sum, flag) => sum + flag, 0) * BLOCK_BYTES,
      exact: image.exactMap,
      files: image.files,
    };
  } finally {
    image.close();
  }
}

/** Holes of flat files, which only qemu-img tells; without it everything is taken for data. */
const flatDataRanges: DataRanges = async (path) => {
  try {
    return await qemuImgDataRanges(path);
  } catch (error) {
    if (!(error instanceof XenferryError) || error.code !== 'TOOL_MISSING') throw error;
    return [{ start: 0, end: Number.POSITIVE_INFINITY }];
  }
};
