import { BLOCK_BYTES, blockCount } from '../model/units.js';
import type { ReadTools } from './read-tools.js';

/** Tells what a layer holds of `[start, end)`: data, or zeros that are not stored. A layer's ranges ascend. */
export type VisitRange = (start: number, end: number, content: 'data' | 'zeros') => void;

/**
 * Fills `target[at, at + length)` with what lies below a layer at `offset`: the layer asks for the ranges it does
 * not hold itself. Calls follow each other, because they share the caller's tools.
 */
export type ReadBelow = (target: Buffer, at: number, offset: number, length: number) => Promise<void>;

/** Bytes of a virtual disk, or of a part of one, or what a snapshot holds of one. Offsets are bytes from its start. */
export interface DiskLayer {
  readonly byteLength: number;
  /** Whether what is told to be data surely is not zeros; a plain file may be full of them. */
  readonly exactMap: boolean;
  /** Visits all that the layer holds; elsewhere what lies below shows. Costs metadata only. */
  visitRanges(visit: VisitRange): Promise<void>;
  /**
   * Fills `target[at, at + length)` from `offset`; `below` fills what the layer does not hold.
   * Calls may overlap in time, each with its own tools.
   */
  read(
    target: Buffer,
    at: number,
    offset: number,
    length: number,
    tools: ReadTools,
    below: ReadBelow,
  ): Promise<void>;
  close(): void;
}

/** A virtual disk opened for random reads. */
export interface DiskImage extends DiskLayer {
  /** VMDK createType, `raw`, `qcow2`, `vhd`, ... */
  readonly format: string;
  /** Absolute paths or URLs of the files the disk consists of. */
  readonly files: readonly string[];
  /** What was amiss and could be helped, in words; empty for a sound image. */
  readonly notes: readonly string[];
}

/** Below the lowest layer everything is zeros. */
const readZeros: ReadBelow = async (target, at, _offset, length) => {
  target.fill(0, at, at + length);
};

/**
 * Fills `target[0, length)` with the disk's bytes from `offset`; what lies past the disk's end is zeros.
 * Rejects with the format's codes or SOURCE_UNREADABLE.
 */
export async function readDisk(
  image: DiskLayer,
  target: Buffer,
  offset: number,
  length: number,
  tools: ReadTools,
): Promise<void> {
  const inside = Math.max(0, Math.min(length, image.byteLength - offset));
  if (inside > 0) await image.read(target, 0, offset, inside, tools, readZeros);
  target.fill(0, inside, length);
}

/** One byte per 2 MiB block: 1 when it may hold data, 0 when it surely reads as zeros. Costs metadata only. */
export async function allocatedBlocks(image: DiskLayer): Promise<Uint8Array> {
  return await markedBlocks(image, (content) => content === 'data');
}

/** One byte per 2 MiB block: 1 when the layer holds any of it, as data or as zeros. Costs metadata only. */
export async function heldBlocks(layer: DiskLayer): Promise<Uint8Array> {
  return await markedBlocks(layer, () => true);
}

async function markedBlocks(
  layer: DiskLayer,
  counts: (content: 'data' | 'zeros') => boolean,
): Promise<Uint8Array> {
  const blocks = new Uint8Array(blockCount(layer.byteLength));
  await layer.visitRanges((from, to, content) => {
    if (counts(content)) blocks.fill(1, Math.floor(from / BLOCK_BYTES), Math.ceil(to / BLOCK_BYTES));
  });
  return blocks;
}
