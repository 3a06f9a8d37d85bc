import { allocatedBlocks, createReadTools, type DiskImage, readDisk } from '../../src/disk-image/index.js';
import { SourceFile } from '../../src/io/source-file.js';
import { BLOCK_BYTES } from '../../src/model/units.js';
import type { FileRange } from '../../src/model/virtual-machine.js';
import { type DataRanges, extentsBeside, openVmdk } from '../../src/vmdk-reader/index.js';

/** Opens a VMDK of a test by its descriptor or monolithic file. */
export async function openVmdkAt(range: FileRange, dataRanges?: DataRanges): Promise<DiskImage> {
  const file = SourceFile.open(range, 'VMDK_TRUNCATED');
  return await openVmdk(file, { files: extentsBeside(range.path), dataRanges });
}

/** All bytes of a disk, read block by block after its survey, as a conversion does; closes it. */
export async function readWhole(image: DiskImage): Promise<Buffer> {
  try {
    await allocatedBlocks(image);
    const tools = createReadTools();
    const content = Buffer.alloc(image.byteLength);
    for (let offset = 0; offset < content.length; offset += BLOCK_BYTES) {
      const length = Math.min(BLOCK_BYTES, content.length - offset);
      await readDisk(image, content.subarray(offset), offset, length, tools);
    }
    return content;
  } finally {
    image.close();
  }
}
