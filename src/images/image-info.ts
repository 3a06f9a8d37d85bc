import type { DiskLocation } from '../model/virtual-machine.js';
import type { ImageSource } from './image-source.js';
import { openImage } from './open-image.js';

export interface ImageInfo {
  /** VMDK createType, or the format's name. */
  readonly format: string;
  readonly capacityBytes: number;
  /** Absolute paths or URLs of the files the disk consists of. */
  readonly files: readonly string[];
}

/** Format, size and files of an image, from its metadata alone. Rejects as `openImage` does. */
export async function readImageInfo(source: ImageSource): Promise<ImageInfo> {
  const image = await openImage(source);
  image.close();
  return { format: image.format, capacityBytes: image.byteLength, files: image.files };
}

/** A machine's disk where it lies; it must not be compressed. */
export function locatedImage(location: DiskLocation): ImageSource {
  if (location.kind === 'datastore') {
    const { allocated, ...place } = location;
    return { format: 'vmdk', location: place, allocated };
  }
  if (location.kind === 'served') {
    const { uri, connections } = location;
    return { format: 'raw', location: { kind: 'nbd', uri, connections } };
  }
  return { format: 'vmdk', location: { kind: 'files', ranges: location.parts.map(({ range }) => range) } };
}
