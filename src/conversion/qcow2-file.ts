import type { PartialFile } from '../io/partial-file.js';
import { encodeQcow2Metadata, qcow2FileBytes, qcow2Layout } from '../qcow2/index.js';
import {
  type DiskConversionOptions,
  type DiskFile,
  type DiskFileConversion,
  intoPartialFile,
  writeBlocks,
} from './disk-file.js';

/** Writes a qcow2 image as XCP-ng's importer can read it. Throws TARGET_*, the source's codes, CANCELED. */
export async function convertToQcow2(conversion: DiskFileConversion): Promise<DiskFile> {
  return await intoPartialFile(conversion.outPath, (partial) => writeQcow2(conversion, partial));
}

/** The same into a file that is there, and with a journal goes on. */
export async function writeQcow2(conversion: DiskConversionOptions, partial: PartialFile): Promise<DiskFile> {
  const { capacityBytes, allocated } = conversion;
  const layout = qcow2Layout(capacityBytes, allocated);
  const { virtualBytes, dataOffset } = layout;
  await partial.setLength(qcow2FileBytes(layout, allocated));
  const format = { kind: 'qcow2', virtualBytes, dataOffset } as const;
  const { records, resumedBlocks } = await writeBlocks(conversion, partial, format);
  for (const { offset, bytes } of encodeQcow2Metadata(layout, records.unitBits)) {
    await partial.write(bytes, offset);
  }
  const fileBytes = qcow2FileBytes(layout, records.unitBits);
  await partial.setLength(fileBytes);
  return { records, resumedBlocks, fileBytes, virtualBytes };
}
