import type { ImageSource } from '../images/index.js';
import { PartialFile } from '../io/partial-file.js';
import type { WorkerThreadsPool } from '../worker-threads-pool/index.js';
import type { BlockDigest, BlockJournal, BlockRecords } from './block-records.js';
import { type ConvertedDisk, convertDisk, type DiskProgress } from './convert-disk.js';
import type { FormatSpec } from './formats/block-format.js';

/** A surveyed disk and what to convert it with. */
export interface DiskConversionOptions {
  readonly pool: WorkerThreadsPool;
  readonly source: ImageSource;
  readonly capacityBytes: number;
  /** From `allocatedBlocks`. */
  readonly allocated: Uint8Array;
  readonly threads: number;
  readonly digest: BlockDigest;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: DiskProgress) => void) | undefined;
  /** With one, a conversion into a file goes on where an earlier one stopped. */
  readonly journal?: BlockJournal | undefined;
}

/** One disk into one file. */
export interface DiskFileConversion extends DiskConversionOptions {
  readonly outPath: string;
}

export interface DiskFile {
  readonly records: BlockRecords;
  /** Blocks taken over from an earlier run. */
  readonly resumedBlocks: number;
  readonly fileBytes: number;
  /** Size of the virtual disk, which a VHD rounds up to 2 MiB. */
  readonly virtualBytes: number;
}

/** Runs `write` on a partial file; the final name appears only when it succeeds, and a failure leaves nothing. */
export async function intoPartialFile<T>(
  outPath: string,
  write: (partial: PartialFile) => Promise<T>,
): Promise<T> {
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

/** Writes the blocks of a disk at their places in a partial file. Throws the formats' codes, TARGET_*, CANCELED. */
export async function writeBlocks(
  conversion: DiskConversionOptions,
  partial: PartialFile,
  format: FormatSpec,
): Promise<ConvertedDisk> {
  return await convertDisk({
    ...conversion,
    sink: { kind: 'file', path: partial.path, format },
    sync: () => partial.sync(),
  });
}

/** Reads a whole disk, as a conversion would, and writes nothing. Throws the formats' codes, SOURCE_*, CANCELED. */
export async function readWholeDisk(conversion: Omit<DiskConversionOptions, 'digest'>): Promise<void> {
  await digestBlocks({ ...conversion, digest: 'xxh64' });
}

/** What a conversion would note of the blocks marked in `allocated`; writes nothing. Throws as `readWholeDisk` does. */
export async function digestBlocks(conversion: DiskConversionOptions): Promise<BlockRecords> {
  const { records } = await convertDisk({ ...conversion, sink: { kind: 'null' }, sync: async () => {} });
  return records;
}
