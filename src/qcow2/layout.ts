import { BLOCK_BYTES, blockCount, roundUp } from '../model/units.js';
import { CLUSTER_BYTES, ENTRY_BYTES } from './format.js';

export const ENTRIES_PER_CLUSTER = CLUSTER_BYTES / ENTRY_BYTES;
/** 16 bits each: refcount order 4. */
export const REFCOUNT_BYTES = 2;
export const REFCOUNTS_PER_CLUSTER = CLUSTER_BYTES / REFCOUNT_BYTES;
const CLUSTERS_PER_BLOCK = BLOCK_BYTES / CLUSTER_BYTES;
/** Blocks of the disk that one L2 table tells of: 512 MiB. */
export const BLOCKS_PER_L2_TABLE = ENTRIES_PER_CLUSTER / CLUSTERS_PER_BLOCK;

/**
 * Where everything of a qcow2 file stands; bytes. Areas follow each other without a gap in the order in which a reader
 * that cannot seek, such as XCP-ng's importer, needs them: header, refcount table, refcount blocks, L1 table, all L2
 * tables, data. Blocks stand in disk order, so their places follow from what is stored.
 */
export interface Qcow2Layout {
  /** Size of the virtual disk, whole clusters: XCP-ng's importer counts those and rounds down. */
  readonly virtualBytes: number;
  readonly refcountTableOffset: number;
  readonly refcountBlocksOffset: number;
  readonly refcountBlocks: number;
  readonly l1Offset: number;
  /** One for each 512 MiB of the disk. */
  readonly l1Entries: number;
  readonly l2Offset: number;
  /** Numbers of the L1 entries that have an L2 table, ascending; the tables stand in this order. */
  readonly l2Tables: readonly number[];
  /** The first stored block. */
  readonly dataOffset: number;
}

/**
 * Layout for a disk of `capacityBytes`, rounded up to whole clusters, of which only the blocks with a flag in
 * `allocated` (one byte per 2 MiB) may be stored in the end. The refcounts have room for all of them.
 */
export function qcow2Layout(capacityBytes: number, allocated: Uint8Array): Qcow2Layout {
  const virtualBytes = roundUp(Math.max(capacityBytes, 1), CLUSTER_BYTES);
  const l1Entries = Math.ceil(blockCount(virtualBytes) / BLOCKS_PER_L2_TABLE);
  const l1Clusters = Math.ceil(l1Entries / ENTRIES_PER_CLUSTER);
  const l2Tables = regionsOf(allocated);
  const dataClusters = clusterCount(virtualBytes, allocated);
  const refcounts = refcountArea(1 + l1Clusters + l2Tables.length + dataClusters);
  const refcountTableOffset = CLUSTER_BYTES;
  const refcountBlocksOffset = refcountTableOffset + refcounts.tableClusters * CLUSTER_BYTES;
  const l1Offset = refcountBlocksOffset + refcounts.blocks * CLUSTER_BYTES;
  const l2Offset = l1Offset + l1Clusters * CLUSTER_BYTES;
  return {
    virtualBytes,
    refcountTableOffset,
    refcountBlocksOffset,
    refcountBlocks: refcounts.blocks,
    l1Offset,
    l1Entries,
    l2Offset,
    l2Tables,
    dataOffset: l2Offset + l2Tables.length * CLUSTER_BYTES,
  };
}

/** File offset of the stored block number `rank` (from 0, in disk order), a multiple of 64 KiB. */
export function qcow2BlockOffset({ dataOffset }: Pick<Qcow2Layout, 'dataOffset'>, rank: number): number {
  return dataOffset + rank * BLOCK_BYTES;
}

/**
 * Length of the whole file when the blocks with a flag in `stored` are stored: of the disk's last block only the
 * clusters that begin inside the disk.
 */
export function qcow2FileBytes({ virtualBytes, dataOffset }: Qcow2Layout, stored: Uint8Array): number {
  return dataOffset + clusterCount(virtualBytes, stored) * CLUSTER_BYTES;
}

/** How many clusters of a block begin inside the disk: all, but for the disk's last block. */
export function clustersOfBlock(virtualBytes: number, block: number): number {
  return Math.min(CLUSTERS_PER_BLOCK, Math.ceil((virtualBytes - block * BLOCK_BYTES) / CLUSTER_BYTES));
}

function clusterCount(virtualBytes: number, blocks: Uint8Array): number {
  let clusters = 0;
  for (const flag of blocks) if (flag !== 0) clusters += CLUSTERS_PER_BLOCK;
  const last = blockCount(virtualBytes) - 1;
  const cut = CLUSTERS_PER_BLOCK - clustersOfBlock(virtualBytes, last);
  return (blocks[last] ?? 0) === 0 ? clusters : clusters - cut;
}

/** The regions of 512 MiB with at least one block. */
function regionsOf(allocated: Uint8Array): number[] {
  const regions: number[] = [];
  for (let first = 0; first < allocated.length; first += BLOCKS_PER_L2_TABLE) {
    const region = allocated.subarray(first, first + BLOCKS_PER_L2_TABLE);
    if (region.some((flag) => flag !== 0)) regions.push(first / BLOCKS_PER_L2_TABLE);
  }
  return regions;
}

/** The refcounts count themselves too, so their area grows until it is large enough. */
function refcountArea(otherClusters: number): { tableClusters: number; blocks: number } {
  let tableClusters = 1;
  let blocks = 1;
  for (;;) {
    const needed = Math.ceil((otherClusters + tableClusters + blocks) / REFCOUNTS_PER_CLUSTER);
    if (needed <= blocks) return { tableClusters, blocks };
    blocks = needed;
    tableClusters = Math.ceil(blocks / ENTRIES_PER_CLUSTER);
  }
}
