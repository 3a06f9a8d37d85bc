import { type DiskFile, type DiskFileConversion, intoPartialFile, writeBlocks } from './disk-file.js';

/** Writes a sparse raw image of exactly the disk's capacity. Throws TARGET_*, the source's codes, CANCELED. */
export async function convertToRaw(conversion: DiskFileConversion): Promise<DiskFile> {
  const { capacityBytes } = conversion;
  return await intoPartialFile(conversion.outPath, async (partial) => {
    await partial.setLength(capacityBytes);
    const { records } = await writeBlocks(conversion, partial, { kind: 'raw', capacityBytes });
    return { records, fileBytes: capacityBytes, virtualBytes: capacityBytes };
  });
}
