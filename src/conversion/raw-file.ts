import type { PartialFile } from '../io/partial-file.js';
import {
  type DiskConversionOptions,
  type DiskFile,
  type DiskFileConversion,
  intoPartialFile,
  writeBlocks,
} from './disk-file.js';

/** Writes a sparse raw image of exactly the disk's capacity. Throws TARGET_*, the source's codes, CANCELED. */
export async function convertToRaw(conversion: DiskFileConversion): Promise<DiskFile> {
  return await intoPartialFile(conversion.outPath, (partial) => writeRaw(conversion, partial));
}

/** The same into a file that is there, and with a journal goes on. */
export async function writeRaw(conversion: DiskConversionOptions, partial: PartialFile): Promise<DiskFile> {
  const { capacityBytes } = conversion;
  await partial.setLength(capacityBytes);
  const { records, resumedBlocks } = await writeBlocks(conversion, partial, { kind: 'raw', capacityBytes });
  return { records, resumedBlocks, fileBytes: capacityBytes, virtualBytes: capacityBytes };
}
