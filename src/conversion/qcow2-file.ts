import { encodeQcow2Metadata, qcow2FileBytes, qcow2Layout } from '../qcow2/index.js';
import { type DiskFile, type DiskFileConversion, intoPartialFile, writeBlocks } from './disk-file.js';

/** Writes a qcow2 image as XCP-ng's importer can read it. Throws TARGET_*, the source's codes, CANCELED. */
export async function convertToQcow2(conversion: DiskFileConversion): Promise<DiskFile> {
  const { capacityBytes, allocated } = conversion;
  const layout = qcow2Layout(capacityBytes, allocated);
  const { virtualBytes, dataOffset } = layout;
  return await intoPartialFile(conversion.outPath, async (partial) => {
    await partial.setLength(qcow2FileBytes(layout, allocated));
    const { records } = await writeBlocks(conversion, partial, { kind: 'qcow2', virtualBytes, dataOffset });
    for (const { offset, bytes } of encodeQcow2Metadata(layout, records.unitBits)) {
      await partial.write(bytes, offset);
    }
    const fileBytes = qcow2FileBytes(layout, records.unitBits);
    await partial.setLength(fileBytes);
    return { records, fileBytes, virtualBytes };
  });
}
