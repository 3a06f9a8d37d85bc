import { basename } from 'node:path';
import { type DiskImage, LayeredImage } from '../disk-image/index.js';
import type { ByteSource } from '../io/byte-source.js';
import { XenferryError } from '../model/errors.js';
import { invalid } from './invalid.js';
import { type OpenedVhd, openVhdFile } from './open-file.js';
import { openParent, type VhdParents } from './parents.js';

/** XenServer ends at 30 disks in a chain, Hyper-V far below this. */
const MAX_CHAIN = 256;

/**
 * Opens a fixed, dynamic or differencing VHD of any creator, with its parents when it is differencing; the size is the
 * footer's current size. Takes `file` over: closing the image, or a failure, closes it.
 * Rejects with VHD_INVALID, VHD_PARENT_MISSING, VHD_PARENT_MISMATCH, OVF_UNSAFE_PATH, SOURCE_*.
 */
export async function openVhd(file: ByteSource, parents: VhdParents): Promise<DiskImage> {
  return (await openChain(file, parents, [])).image;
}

/** `children` are the paths of the files that led here. */
async function openChain(
  file: ByteSource,
  parents: VhdParents,
  children: readonly string[],
): Promise<OpenedVhd> {
  const child = await openVhdFile(file);
  const { header, footer } = child;
  if (header === null || footer.kind !== 'differencing') return child;
  try {
    const chain = [...children, file.path];
    const parentFile = await openParent(file, header, parents);
    if (chain.includes(parentFile.path) || chain.length >= MAX_CHAIN) {
      parentFile.close();
      throw invalid(file, header.offset, 'the chain of parents has no end');
    }
    const parent = await openChain(parentFile, parents, chain);
    if (!parent.footer.uuid.equals(header.parentUuid)) {
      parent.image.close();
      throw new XenferryError(
        'VHD_PARENT_MISMATCH',
        `its parent ${basename(parentFile.path)} has another UUID than the one it was made from`,
        { file: file.path },
      );
    }
    return { ...child, image: new LayeredImage(child.image, parent.image) };
  } catch (error) {
    child.image.close();
    throw error;
  }
}
