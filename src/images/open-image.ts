import {
  type DiskImage,
  type DiskLayer,
  LayeredImage,
  PatchedImage,
  ThinImage,
} from '../disk-image/index.js';
import type { ByteSource } from '../io/byte-source.js';
import { SourceFile } from '../io/source-file.js';
import { XenferryError } from '../model/errors.js';
import { GIB, roundUp, SECTOR_BYTES } from '../model/units.js';
import { openQcow2 } from '../qcow2/index.js';
import { openVhd } from '../vhd/index.js';
import { type DataRanges, openRaw, openVmdk } from '../vmdk-reader/index.js';
import { openXvaDisk } from '../xva/index.js';
import { dataRangesOf } from './data-ranges.js';
import { filesBeside, parentsAt } from './files-beside.js';
import type { ImageSource, MadeDisk } from './image-source.js';
import { openBytes } from './open-bytes.js';

/** vSphere's largest disk is 62 TiB; a larger one would only be a way to make us ask for memory. */
const MAX_DISK_BYTES = 64 * 1024 * GIB;

/**
 * Opens an image of any kind, under its overlay where it has one, and behind what was made of it; `signal` stops a search
 * for holes.
 * Rejects with SOURCE_*, HTTP_*, NBD_*, CONFIG_INVALID, OVF_UNSAFE_PATH and the format's codes.
 */
export async function openImage(source: ImageSource, signal?: AbortSignal): Promise<DiskImage> {
  let image = await openPlain(source, signal);
  try {
    refuseHuge(image);
    if (source.allocated !== undefined) image = new ThinImage(image, source.allocated);
    if (source.overlay !== undefined)
      image = new LayeredImage(await openOverlay(source.overlay, image), image);
    if (source.made === undefined) return image;
    return new PatchedImage(image, await openMade(source.made.disk), source.made.changed);
  } catch (error) {
    image.close();
    throw error;
  }
}

async function openMade(made: MadeDisk): Promise<DiskLayer> {
  return made.kind === 'xva' ? openXvaDisk(made) : await openPlain(made);
}

function refuseHuge({ byteLength, files }: DiskImage): void {
  if (byteLength <= MAX_DISK_BYTES) return;
  const message = `a disk of ${byteLength} bytes is above 64 TiB`;
  throw new XenferryError('IMAGE_TOO_LARGE', message, { file: files[0] });
}

async function openPlain(
  { format, location }: Pick<ImageSource, 'format' | 'location'>,
  signal?: AbortSignal,
): Promise<DiskImage> {
  const bytes = await openBytes(location);
  const dataRanges = askedOnce(dataRangesOf(signal));
  switch (format) {
    case 'vmdk':
      return await openVmdk(bytes, { files: filesBeside(location), dataRanges });
    case 'vhd':
      return await openVhd(bytes, parentsAt(location));
    case 'qcow2':
      return await openWholeQcow2(bytes);
    case 'raw':
      return openRaw(bytes, dataRanges);
  }
}

/** Many extents may lie in one file. */
function askedOnce(ask: DataRanges): DataRanges {
  const asked = new Map<ByteSource, ReturnType<DataRanges>>();
  return (file) => {
    const ranges = asked.get(file) ?? ask(file);
    asked.set(file, ranges);
    return ranges;
  };
}

/** The backing file that the overlay names is not followed: what lies below is the image that was opened. */
async function openOverlay(path: string, { byteLength }: DiskImage): Promise<DiskImage> {
  const overlay = await openQcow2(SourceFile.openWhole(path, 'QCOW2_INVALID'));
  if (overlay.byteLength === roundUp(byteLength, SECTOR_BYTES)) return overlay;
  overlay.close();
  const message = `the overlay is of a disk of ${overlay.byteLength} bytes, not ${byteLength}`;
  throw new XenferryError('CONFIG_INVALID', message, { file: path });
}

/** A backing file is never opened: whoever made the image would choose which file of this machine is read. */
async function openWholeQcow2(bytes: ByteSource): Promise<DiskImage> {
  const image = await openQcow2(bytes);
  if (image.backingFile === null) return image;
  image.close();
  throw new XenferryError('QCOW2_UNSUPPORTED', 'the image is a layer on another one, which is not followed', {
    file: bytes.path,
    hint: 'Merge the two first, with qemu-img convert or qemu-img commit.',
  });
}
