import { basename } from 'node:path';
import { type DiskImage, type DiskLayer, LayeredImage } from '../disk-image/index.js';
import { type ByteSource, readBytes } from '../io/byte-source.js';
import { XenferryError } from '../model/errors.js';
import { SECTOR_BYTES } from '../model/units.js';
import type { ExtentLine, VmdkDescriptor } from './descriptor.js';
import { refuseDevice } from './devices.js';
import { descriptorFile, embeddedDescriptor } from './embedded-descriptor.js';
import type { ExtentFiles } from './extent-files.js';
import { type DataRanges, FlatExtent, zeroExtent } from './flat-extent.js';
import { openExtent, openSparse } from './open-extent.js';
import { readSparseHeader, SPARSE_MAGIC } from './sparse-header.js';
import { VmdkImage } from './vmdk-image.js';

/** VMware allows 32 snapshots in a chain; linked clones add their own. */
const MAX_CHAIN = 256;

/** What a disk is made of besides its first file. */
export interface VmdkSurroundings {
  readonly files: ExtentFiles;
  /** Tells where flat files hold data; without it all of them is read. */
  readonly dataRanges?: DataRanges | undefined;
}

/**
 * Opens a VMDK by its descriptor or its monolithic file, with its parents when it is a snapshot. Takes `file` over:
 * closing the image, or a failure, closes it. Rejects with SOURCE_*, VMDK_*, OVF_UNSAFE_PATH.
 */
export async function openVmdk(file: ByteSource, surroundings: VmdkSurroundings): Promise<DiskImage> {
  return (await openChain(file, surroundings, [])).image;
}

/** Opens bytes that are the disk itself. Takes `file` over. */
export function openRaw(file: ByteSource, dataRanges?: DataRanges): DiskImage {
  return new VmdkImage('raw', [new FlatExtent(file, 0, file.length, dataRanges)], [file.path]);
}

interface Opened {
  readonly image: DiskImage;
  readonly descriptor: VmdkDescriptor;
}

/** `children` are the paths of the descriptors that led here. */
async function openChain(
  file: ByteSource,
  surroundings: VmdkSurroundings,
  children: readonly string[],
): Promise<Opened> {
  const { image, descriptor } = await openOne(file, surroundings);
  if (descriptor.parentCid === null) return { image, descriptor };
  try {
    const chain = [...children, file.path];
    const parentFile = await openParent(descriptor, surroundings, chain);
    const parent = await openChain(parentFile, surroundings, chain);
    if (parent.descriptor.cid !== descriptor.parentCid) {
      parent.image.close();
      throw new XenferryError(
        'VMDK_PARENT_MISMATCH',
        `its parent ${basename(parentFile.path)} has the content id ${parent.descriptor.cid}, ${descriptor.parentCid} expected`,
        { file: file.path },
      );
    }
    return { image: new LayeredImage(image, parent.image), descriptor };
  } catch (error) {
    image.close();
    throw error;
  }
}

async function openParent(
  { parentCid, parentFileName }: VmdkDescriptor,
  { files }: VmdkSurroundings,
  chain: readonly string[],
): Promise<ByteSource> {
  const path = chain.at(-1) ?? '';
  if (parentFileName === '') {
    throw new XenferryError('VMDK_EXTENT_MISSING', `a snapshot of disk ${parentCid} that names no parent`, {
      file: path,
    });
  }
  // On the datastore a parent may be elsewhere (linked clones); in an export all files are side by side.
  const parent = await files.open(basename(parentFileName.replaceAll('\\', '/')));
  if (chain.includes(parent.path) || chain.length >= MAX_CHAIN) {
    parent.close();
    throw new XenferryError(
      'VMDK_DESCRIPTOR_INVALID',
      `the chain of parents has no end: ${basename(path)} names ${parentFileName} as its parent`,
      { file: path },
    );
  }
  return parent;
}

async function openOne(file: ByteSource, surroundings: VmdkSurroundings): Promise<Opened> {
  try {
    const magic = file.length >= 4 ? (await readBytes(file, 0, 4)).toString('latin1') : '';
    if (magic === SPARSE_MAGIC) return await openMonolithic(file);
    const descriptor = await descriptorFile(file);
    file.close();
    refuseDevice(descriptor, file.path);
    return { image: await openNamedExtents(descriptor, file.path, surroundings), descriptor };
  } catch (error) {
    file.close();
    throw error;
  }
}

async function openMonolithic(file: ByteSource): Promise<Opened> {
  const header = await readSparseHeader(file);
  const descriptor = await embeddedDescriptor(file, header);
  const { layer, notes } = await openSparse(file, header);
  return { image: new VmdkImage(descriptor.createType, [layer], [file.path], notes), descriptor };
}

async function openNamedExtents(
  descriptor: VmdkDescriptor,
  descriptorPath: string,
  { files, dataRanges }: VmdkSurroundings,
): Promise<DiskImage> {
  const layers: DiskLayer[] = [];
  const opened = new Map<string, ByteSource>();
  const notes: Array<() => readonly string[]> = [];
  try {
    for (const line of descriptor.extents) {
      if (line.kind === 'ZERO') {
        layers.push(zeroExtent(line.sectors * SECTOR_BYTES));
        continue;
      }
      refuseShared(line, opened, descriptorPath);
      const file = opened.get(line.fileName) ?? (await files.open(line.fileName));
      opened.set(line.fileName, file);
      const extent = await openExtent(line, file, descriptorPath, dataRanges);
      layers.push(extent.layer);
      notes.push(extent.notes);
    }
  } catch (error) {
    for (const file of opened.values()) file.close();
    throw error;
  }
  const paths = [descriptorPath, ...[...opened.values()].map(({ path }) => path)];
  return new VmdkImage(descriptor.createType, layers, paths, () => notes.flatMap((note) => note()));
}

/** Flat extents may lie in one file; a sparse file named again and again would be as much work as the largest disk. */
function refuseShared(
  { kind, fileName }: ExtentLine,
  opened: ReadonlyMap<string, ByteSource>,
  file: string,
): void {
  if (kind === 'FLAT' || kind === 'VMFS' || !opened.has(fileName)) return;
  throw new XenferryError('VMDK_DESCRIPTOR_INVALID', `the sparse extent "${fileName}" is named twice`, {
    file,
  });
}
