import {
  type ConvertedDisk,
  type XvaConversion,
  type XvaFile,
  xvaArchiveStream,
} from '../conversion/index.js';
import type { PartialFile } from '../io/partial-file.js';
import { XenferryError } from '../model/errors.js';
import { zstdCompress } from '../zstd/index.js';

/**
 * Writes a whole XVA, compressed by zstd, into `partial`. It cannot go on where an earlier run stopped.
 * Rejects with the source's codes, TARGET_*, TOOL_*, CANCELED.
 */
export async function writeCompressedXva(
  { disks, ovaXml, checksum, ...ways }: XvaConversion,
  partial: PartialFile,
): Promise<XvaFile> {
  const converted: ConvertedDisk[] = [];
  const archived = disks.map(({ journal: _, ...disk }) => ({ ...ways, ...disk }));
  const archive = xvaArchiveStream(archived, { ovaXml, checksum }, (index, disk) => {
    converted[index] = disk;
  });
  let fileBytes = 0;
  for await (const bytes of zstdCompress(archive, ways.threads)) {
    await partial.write(bytes, fileBytes);
    fileBytes += bytes.length;
  }
  if (converted.length !== disks.length) throw new XenferryError('INTERNAL', 'the archive ended early');
  return { disks: converted, fileBytes };
}
