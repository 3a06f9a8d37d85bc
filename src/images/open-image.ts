import type { DiskImage } from '../disk-image/index.js';
import type { ByteSource } from '../io/byte-source.js';
import { JoinedSource } from '../io/joined-source.js';
import { SourceFile } from '../io/source-file.js';
import { XenferryError } from '../model/errors.js';
import { qemuImgDataRanges } from '../qemu-img/index.js';
import { type DataRanges, type ExtentFiles, extentsBeside, openRaw, openVmdk } from '../vmdk-reader/index.js';
import type { ByteLocation, ImageSource } from './image-source.js';

/** Opens an image of any kind; `signal` stops waiting for a source that does not answer. Rejects with SOURCE_*, VMDK_*, OVF_UNSAFE_PATH. */
export async function openImage(source: ImageSource, signal?: AbortSignal): Promise<DiskImage> {
  const bytes = await openBytes(source.location);
  switch (source.format) {
    case 'vmdk':
      return await openVmdk(bytes, {
        files: filesBeside(source.location),
        dataRanges: (file) => dataRanges(file, signal),
      });
    case 'raw':
      return openRaw(bytes, (file) => dataRanges(file, signal));
  }
}

async function openBytes(location: ByteLocation): Promise<ByteSource> {
  const files: SourceFile[] = [];
  try {
    for (const range of location.ranges) files.push(SourceFile.open(range, 'VMDK_TRUNCATED'));
  } catch (error) {
    for (const file of files) file.close();
    throw error;
  }
  const [only] = files;
  return files.length === 1 && only !== undefined ? only : new JoinedSource(files);
}

function filesBeside({ ranges }: ByteLocation): ExtentFiles {
  return extentsBeside(ranges[0]?.path ?? '');
}

/** Holes of flat files, which only qemu-img tells; where it cannot, everything is taken for data. */
async function dataRanges(source: ByteSource, signal: AbortSignal | undefined): ReturnType<DataRanges> {
  const everything = [{ start: 0, end: source.length }];
  if (!(source instanceof SourceFile)) return everything;
  try {
    const ranges = await qemuImgDataRanges(source.path, { signal });
    return ranges.map(({ start, end }) => ({ start: start - source.base, end: end - source.base }));
  } catch (error) {
    if (!(error instanceof XenferryError) || error.code !== 'TOOL_MISSING') throw error;
    return everything;
  }
}
