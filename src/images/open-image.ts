import type { DiskImage } from '../disk-image/index.js';
import { openRaw, openVmdk } from '../vmdk-reader/index.js';
import { dataRangesOf } from './data-ranges.js';
import { filesBeside } from './files-beside.js';
import type { ImageSource } from './image-source.js';
import { openBytes } from './open-bytes.js';

/**
 * Opens an image of any kind; `signal` stops a search for holes. Rejects with SOURCE_*, HTTP_*, NBD_*,
 * CONFIG_INVALID, VMDK_*, OVF_UNSAFE_PATH.
 */
export async function openImage({ format, location }: ImageSource, signal?: AbortSignal): Promise<DiskImage> {
  const bytes = await openBytes(location);
  const dataRanges = dataRangesOf(signal);
  switch (format) {
    case 'vmdk':
      return await openVmdk(bytes, { files: filesBeside(location), dataRanges });
    case 'raw':
      return openRaw(bytes, dataRanges);
  }
}
