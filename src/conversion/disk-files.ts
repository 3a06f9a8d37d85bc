import type { ImageSource } from '../images/index.js';
import { PartialFile } from '../io/partial-file.js';
import {
  BLOCK_STRIDE,
  encodeVhdFooter,
  encodeVhdMetadata,
  FOOTER_BYTES,
  vhdFileBytes,
  vhdLayout,
} from '../vhd/index.js';
import type { WorkerThreadsPool } from '../worker-threads-pool/index.js';
import type { BlockDigest, BlockRecords } from './block-records.js';
import { convertDisk, type DiskProgress } from './convert-disk.js';
import { diskDigest, uuidFrom } from './disk-digest.js';

/** One disk into one file. */
export interface DiskFileConversion {
  readonly pool: WorkerThreadsPool;
  readonly source: ImageSource;
  readonly capacityBytes: number;
  /** From `allocatedBlocks`. */
  readonly allocated: Uint8Array;
  readonly outPath: string;
  readonly threads: number;
  readonly digest: BlockDigest;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: DiskProgress) => void) | undefined;
}

export interface DiskFile {
  readonly records: BlockRecords;
  readonly digest: string;
  readonly fileBytes: number;
  /** Size of the virtual disk, which a VHD rounds up to 2 MiB. */
  readonly virtualBytes: number;
}

/** Writes a dynamic VHD as XenServer makes it. Throws VHD_TOO_LARGE, TARGET_*, VMDK_*, CANCELED. */
export async function convertToVhd(conversion: DiskFileConversion): Promise<DiskFile> {
  const layout = vhdLayout(conversion.capacityBytes);
  const allocatedBlocks = conversion.allocated.reduce((sum, flag) => sum + flag, 0);
  return await intoPartialFile(conversion.outPath, async (partial) => {
    await partial.setLength(layout.firstBlockOffset + allocatedBlocks * BLOCK_STRIDE);
    const { records, storedUnits } = await convertDisk({
      ...conversion,
      sink: {
        kind: 'file',
        path: partial.path,
        format: { kind: 'vhd', capacityBytes: conversion.capacityBytes },
      },
      sync: () => partial.sync(),
    });
    const digest = diskDigest(records);
    const uuid = uuidFrom(`vhd ${digest} ${layout.virtualBytes}`);
    const fileBytes = vhdFileBytes(layout, storedUnits);
    await partial.write(encodeVhdMetadata(layout, records.unitBits, uuid), 0);
    await partial.setLength(fileBytes);
    await partial.write(encodeVhdFooter(layout, uuid), fileBytes - FOOTER_BYTES);
    return { records, digest, fileBytes, virtualBytes: layout.virtualBytes };
  });
}

/** Writes a sparse raw image of exactly the disk's capacity. Throws TARGET_*, VMDK_*, CANCELED. */
export async function convertToRaw(conversion: DiskFileConversion): Promise<DiskFile> {
  const { capacityBytes } = conversion;
  return await intoPartialFile(conversion.outPath, async (partial) => {
    await partial.setLength(capacityBytes);
    const { records } = await convertDisk({
      ...conversion,
      sink: { kind: 'file', path: partial.path, format: { kind: 'raw', capacityBytes } },
      sync: () => partial.sync(),
    });
    return {
      records,
      digest: diskDigest(records),
      fileBytes: capacityBytes,
      virtualBytes: capacityBytes,
    };
  });
}

/** Runs `write` on a partial file; the final name appears only when it succeeds, and a failure leaves nothing. */
async function intoPartialFile<T>(outPath: string, write: (partial: PartialFile) => Promise<T>): Promise<T> {
  const partial = await PartialFile.open(outPath, false);
  try {
    const result = await write(partial);
    await partial.publish();
    return result;
  } catch (error) {
    await partial.discard();
    throw error;
  }
}

/** Reads a whole disk, as a conversion would, and writes nothing. Throws VMDK_*, SOURCE_UNREADABLE, CANCELED. */
export async function readWholeDisk(
  conversion: Omit<DiskFileConversion, 'outPath' | 'digest'>,
): Promise<void> {
  await convertDisk({ ...conversion, digest: 'xxh64', sink: { kind: 'null' }, sync: async () => {} });
}
