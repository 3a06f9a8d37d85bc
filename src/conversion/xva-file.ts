import type { ImageSource } from '../images/index.js';
import type { PartialFile } from '../io/partial-file.js';
import { BLOCK_BYTES } from '../model/units.js';
import type { WorkerThreadsPool } from '../worker-threads-pool/index.js';
import {
  CHUNK_BYTES,
  CHUNK_STRIDE,
  type ChunkChecksum,
  END_OF_ARCHIVE_BYTES,
  encodeOvaXmlMember,
} from '../xva/index.js';
import type { BlockDigest, BlockJournal } from './block-records.js';
import { type ConvertedDisk, convertDisk, type DiskProgress } from './convert-disk.js';

/** One disk of an XVA. Its size is its number of blocks: VDIs are multiples of 2 MiB. */
export interface XvaDiskConversion {
  readonly source: ImageSource;
  /** From `allocatedBlocks`. */
  readonly allocated: Uint8Array;
  /** The VDI's `Ref:…`; all of an archive have the same width and ascend. */
  readonly diskId: string;
  readonly journal?: BlockJournal | undefined;
  readonly onProgress?: ((progress: DiskProgress) => void) | undefined;
}

export interface XvaConversion {
  readonly pool: WorkerThreadsPool;
  readonly ovaXml: string;
  readonly disks: readonly XvaDiskConversion[];
  readonly checksum: ChunkChecksum;
  readonly digest: BlockDigest;
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
}

export interface XvaFile {
  readonly disks: readonly ConvertedDisk[];
  readonly fileBytes: number;
}

/**
 * Writes a whole XVA into `partial`, one disk after the other because an archive has one order.
 * With journals it goes on where an earlier run stopped. Throws VMDK_*, TARGET_*, CANCELED.
 */
export async function convertToXva(conversion: XvaConversion, partial: PartialFile): Promise<XvaFile> {
  const { pool, threads, digest, signal, checksum } = conversion;
  const head = encodeOvaXmlMember(conversion.ovaXml);
  await partial.write(head, 0);
  let end = head.length;
  const disks: ConvertedDisk[] = [];
  for (const { source, allocated, diskId, journal, onProgress } of conversion.disks) {
    const chunks = (allocated.length * BLOCK_BYTES) / CHUNK_BYTES;
    const disk = await convertDisk({
      pool,
      source,
      sink: {
        kind: 'file',
        path: partial.path,
        format: { kind: 'xva', baseOffset: end, diskId, chunks, checksum },
      },
      allocated,
      threads,
      digest,
      signal,
      onProgress,
      journal,
      sync: () => partial.sync(),
    });
    disks.push(disk);
    end += disk.storedUnits * CHUNK_STRIDE;
  }
  // Shrinking first drops what a longer, abandoned attempt may have left behind the end.
  await partial.setLength(end);
  await partial.setLength(end + END_OF_ARCHIVE_BYTES);
  return { disks, fileBytes: end + END_OF_ARCHIVE_BYTES };
}
