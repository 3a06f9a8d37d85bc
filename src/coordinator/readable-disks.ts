import { type ImageSource, locatedImage, type UnpackedImage, unpackImage } from '../images/index.js';
import { XenferryError } from '../model/errors.js';
import type { FilesLocation, VirtualMachine } from '../model/virtual-machine.js';

/**
 * Has all disks of a machine ready to be read while `use` runs: compressed ones are unpacked to
 * `<outputPath>.disk<index>` for that time, and ones in chunks joined there where programs of others are to read them
 * (`inOnePiece`). Rejects with OVF_FILE_MISSING and what unpacking rejects with.
 */
export async function withReadableDisks<T>(
  machine: VirtualMachine,
  outputPath: string,
  { inOnePiece, signal }: { readonly inOnePiece: boolean; readonly signal: AbortSignal },
  use: (disks: readonly ImageSource[]) => Promise<T>,
): Promise<T> {
  const images: UnpackedImage[] = [];
  try {
    for (const [index, { location, file, capacityBytes }] of machine.disks.entries()) {
      if (location === null) throw new XenferryError('OVF_FILE_MISSING', `${file} has no file`);
      images.push(
        location.kind !== 'files' || isReadable(location, inOnePiece)
          ? { source: locatedImage(location), release: async () => {} }
          : await unpackImage(location, capacityBytes, `${outputPath}.disk${index}`, signal),
      );
    }
    return await use(images.map(({ source }) => source));
  } finally {
    for (const { release } of images) await release();
  }
}

function isReadable({ parts, compression }: FilesLocation, inOnePiece: boolean): boolean {
  return compression === null && !(inOnePiece && parts.length > 1);
}
