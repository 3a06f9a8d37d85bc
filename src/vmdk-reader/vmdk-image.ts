import { SourceFile } from '../io/source-file.js';
import { BLOCK_BYTES, blockCount } from '../model/units.js';
import type { FileRange } from '../model/virtual-machine.js';
import type { Extent } from './extent.js';
import { type DataRanges, FlatExtent } from './flat-extent.js';
import { openExtents } from './open-extents.js';
import { createReadTools, type ReadTools } from './read-tools.js';

/** A virtual disk opened for random reads. Sizes and offsets are bytes. */
export class DiskImage {
  readonly capacityBytes: number;
  /** VMDK createType, or `raw`. */
  readonly format: string;
  /** Absolute paths of the files the disk consists of. */
  readonly files: readonly string[];
  /** Whether every allocated block surely holds data. */
  readonly exactMap: boolean;
  readonly #parts: ReadonlyArray<{ readonly start: number; readonly extent: Extent }>;

  constructor(format: string, extents: readonly Extent[], files: readonly string[]) {
    this.format = format;
    this.files = files;
    this.exactMap = extents.every((extent) => extent.exactMap);
    let start = 0;
    this.#parts = extents.map((extent) => {
      const part = { start, extent };
      start += extent.byteLength;
      return part;
    });
    this.capacityBytes = start;
  }

  /**
   * One byte per 2 MiB block: 1 when it may hold data, 0 when it surely reads as zeros.
   * Costs metadata only. Throws VMDK_TABLE_OUT_OF_RANGE, VMDK_GRAIN_OUT_OF_RANGE, VMDK_TRUNCATED.
   */
  async allocatedBlocks(): Promise<Uint8Array> {
    const blocks = new Uint8Array(blockCount(this.capacityBytes));
    for (const { start, extent } of this.#parts) {
      await extent.markAllocated((from, to) => {
        blocks.fill(1, Math.floor((start + from) / BLOCK_BYTES), Math.ceil((start + to) / BLOCK_BYTES));
      });
    }
    return blocks;
  }

  /**
   * Fills `target[0, length)` with the disk's bytes from `offset`; what lies past the disk's end is zeros.
   * Calls may overlap in time, each with its own target and tools. Rejects with VMDK_* or SOURCE_UNREADABLE.
   */
  async read(
    target: Buffer,
    offset: number,
    length: number,
    tools: ReadTools = createReadTools(),
  ): Promise<void> {
    const end = Math.min(offset + length, this.capacityBytes);
    for (const { start, extent } of this.#parts) {
      const from = Math.max(offset, start);
      const to = Math.min(end, start + extent.byteLength);
      if (from < to) await extent.read(target, from - offset, from - start, to - from, tools);
    }
    if (end < offset + length) target.fill(0, end - offset, length);
  }

  close(): void {
    for (const { extent } of this.#parts) extent.close();
  }
}

/**
 * Opens a VMDK by its descriptor or its monolithic file, also one that lies inside an OVA.
 * `dataRanges` tells where flat files hold data; without it all of them is read. Throws SOURCE_*, VMDK_*.
 */
export function openVmdk(range: FileRange, dataRanges?: DataRanges): DiskImage {
  const { descriptor, extents, files } = openExtents(range, dataRanges);
  return new DiskImage(descriptor.createType, extents, files);
}

/** Opens a raw image. Throws SOURCE_*. */
export function openRaw(range: FileRange, dataRanges?: DataRanges): DiskImage {
  const file = SourceFile.open(range, 'VMDK_TRUNCATED');
  return new DiskImage('raw', [new FlatExtent(file, 0, file.length, dataRanges)], [range.path]);
}

export interface VmdkInfo {
  readonly createType: string;
  readonly capacityBytes: number;
  /** Absolute paths of the files the disk consists of. */
  readonly files: readonly string[];
}

/** Format, size and files of a VMDK, from its metadata alone. Throws SOURCE_*, VMDK_*. */
export async function readVmdkInfo(range: FileRange): Promise<VmdkInfo> {
  const image = openVmdk(range);
  image.close();
  return { createType: image.format, capacityBytes: image.capacityBytes, files: image.files };
}
