import type { FileRange } from '../model/virtual-machine.js';
import { type DataRanges, type DiskImage, openRaw, openVmdk } from '../vmdk-reader/index.js';

/** Names a disk image so that every thread can open it for itself; plain data. */
export interface ImageSource {
  readonly kind: 'vmdk' | 'raw';
  readonly range: FileRange;
}

/** Opens the image; see `openVmdk` and `openRaw`. */
export function openImage(source: ImageSource, dataRanges?: DataRanges): DiskImage {
  return source.kind === 'vmdk' ? openVmdk(source.range, dataRanges) : openRaw(source.range, dataRanges);
}
