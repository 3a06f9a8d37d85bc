import type { PartialFile } from '../io/partial-file.js';
import {
  BLOCK_STRIDE,
  differencingVhdLayout,
  encodeFixedVhdFooter,
  encodeVhdFooter,
  encodeVhdMetadata,
  FOOTER_BYTES,
  type VhdLayout,
  type VhdUuid,
  vhdFileBytes,
  vhdLayout,
  vhdVirtualBytes,
} from '../vhd/index.js';
import type { BlockRecords } from './block-records.js';
import { contentDigest, formatUuid, uuidFrom } from './disk-digest.js';
import {
  type DiskConversionOptions,
  type DiskFile,
  type DiskFileConversion,
  intoPartialFile,
  writeBlocks,
} from './disk-file.js';

/** Writes a dynamic VHD as XenServer makes it. Throws VHD_TOO_LARGE, TARGET_*, the source's codes, CANCELED. */
export async function convertToVhd(conversion: DiskFileConversion): Promise<DiskFile> {
  return await intoPartialFile(conversion.outPath, (partial) => writeVhd(conversion, partial));
}

/** The same into a file that is there, and with a journal goes on. */
export async function writeVhd(conversion: DiskConversionOptions, partial: PartialFile): Promise<DiskFile> {
  const layout = vhdLayout(conversion.capacityBytes);
  return await writeVhdBlocks(conversion, partial, layout, false, (records) =>
    uuidFrom(`vhd ${contentDigest(records)} ${layout.virtualBytes}`),
  );
}

/**
 * Writes a differencing VHD: the blocks marked in `allocated`, zeros too, on top of those of a parent, which must lie
 * beside the output. The records are of these blocks alone. Throws VHD_PARENT_MISMATCH when the parent is no VHD of
 * the same size, VHD_*, SOURCE_*, TARGET_*, the source's codes, CANCELED.
 */
export async function convertToDifferencingVhd(
  conversion: DiskFileConversion,
  parent: { readonly path: string },
): Promise<DiskFile> {
  const layout = await differencingVhdLayout(conversion.capacityBytes, parent.path);
  const uuidOf = (records: BlockRecords) => {
    // The digest does not tell which blocks hide the parent's behind zeros.
    const stored = Buffer.from(records.unitBits).toString('base64');
    return uuidFrom(`vhd ${contentDigest(records)} ${stored} on ${formatUuid(layout.parent.uuid)}`);
  };
  return await intoPartialFile(conversion.outPath, (partial) =>
    writeVhdBlocks(conversion, partial, layout, true, uuidOf),
  );
}

/** Writes a fixed VHD: a sparse raw image and a footer. Throws VHD_TOO_LARGE, TARGET_*, the source's codes, CANCELED. */
export async function convertToFixedVhd(conversion: DiskFileConversion): Promise<DiskFile> {
  const { capacityBytes } = conversion;
  const virtualBytes = vhdVirtualBytes(capacityBytes);
  const fileBytes = virtualBytes + FOOTER_BYTES;
  return await intoPartialFile(conversion.outPath, async (partial) => {
    await partial.setLength(fileBytes);
    const { records, resumedBlocks } = await writeBlocks(conversion, partial, { kind: 'raw', capacityBytes });
    const uuid = uuidFrom(`fixed vhd ${contentDigest(records)} ${virtualBytes}`);
    await partial.write(encodeFixedVhdFooter(virtualBytes, uuid), virtualBytes);
    return { records, resumedBlocks, fileBytes, virtualBytes };
  });
}

/** Writes a VHD with a block allocation table; `keepZeros` stores blocks of zeros like others. */
async function writeVhdBlocks(
  conversion: DiskConversionOptions,
  partial: PartialFile,
  layout: VhdLayout,
  keepZeros: boolean,
  uuidOf: (records: BlockRecords) => VhdUuid,
): Promise<DiskFile> {
  const { firstBlockOffset, virtualBytes } = layout;
  const allocatedBlocks = conversion.allocated.reduce((sum, flag) => sum + flag, 0);
  await partial.setLength(firstBlockOffset + allocatedBlocks * BLOCK_STRIDE);
  const format = { kind: 'vhd', firstBlockOffset, keepZeros } as const;
  const { records, storedUnits, resumedBlocks } = await writeBlocks(conversion, partial, format);
  const uuid = uuidOf(records);
  const fileBytes = vhdFileBytes(layout, storedUnits);
  await partial.write(encodeVhdMetadata(layout, records.unitBits, uuid), 0);
  await partial.setLength(fileBytes);
  await partial.write(encodeVhdFooter(layout, uuid), fileBytes - FOOTER_BYTES);
  return { records, resumedBlocks, fileBytes, virtualBytes };
}
