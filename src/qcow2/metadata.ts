import { MIB } from '../model/units.js';
import { CLUSTER_BYTES, COPIED_HIGH, ENTRY_BYTES, HEADER_V3_BYTES, QCOW2_MAGIC } from './format.js';
import {
  BLOCKS_PER_L2_TABLE,
  clustersOfBlock,
  ENTRIES_PER_CLUSTER,
  type Qcow2Layout,
  qcow2BlockOffset,
  qcow2FileBytes,
  REFCOUNT_BYTES,
  REFCOUNTS_PER_CLUSTER,
} from './layout.js';

/** A part of the file. */
export interface FilePiece {
  readonly offset: number;
  readonly bytes: Buffer;
}

/** Encodes cluster number `index` of an area into bytes that are zeros. */
type EncodeCluster = (cluster: Buffer, index: number) => void;

const CLUSTERS_PER_PIECE = MIB / CLUSTER_BYTES;
const REFCOUNT_ORDER = 4;

/**
 * Everything before the first block, in file order and pieces of at most 1 MiB, because the L2 tables of a large disk
 * are gigabytes ("qcow2 Image File Format", version 3). `stored[block]` is non-zero for a block that the file holds;
 * it must have been allocated when the layout was made. No extensions and no features: importers refuse what they do
 * not know.
 */
export function* encodeQcow2Metadata(layout: Qcow2Layout, stored: Uint8Array): Generator<FilePiece> {
  const { refcountTableOffset, refcountBlocksOffset, l1Offset, l2Offset, dataOffset } = layout;
  yield* area(0, refcountTableOffset, (header) => encodeHeader(layout, header));
  yield* area(refcountTableOffset, refcountBlocksOffset, refcountTable(layout));
  yield* area(refcountBlocksOffset, l1Offset, refcountBlocks(qcow2FileBytes(layout, stored)));
  yield* area(l1Offset, l2Offset, l1Table(layout));
  yield* area(l2Offset, dataOffset, l2Tables(layout, stored));
}

function* area(start: number, end: number, encode: EncodeCluster): Generator<FilePiece> {
  const clusters = (end - start) / CLUSTER_BYTES;
  for (let first = 0; first < clusters; first += CLUSTERS_PER_PIECE) {
    const count = Math.min(CLUSTERS_PER_PIECE, clusters - first);
    const bytes = Buffer.alloc(count * CLUSTER_BYTES);
    for (let i = 0; i < count; i++) {
      encode(bytes.subarray(i * CLUSTER_BYTES, (i + 1) * CLUSTER_BYTES), first + i);
    }
    yield { offset: start + first * CLUSTER_BYTES, bytes };
  }
}

function encodeHeader(layout: Qcow2Layout, header: Buffer): void {
  const refcountTableClusters = (layout.refcountBlocksOffset - layout.refcountTableOffset) / CLUSTER_BYTES;
  header.writeUInt32BE(QCOW2_MAGIC, 0);
  header.writeUInt32BE(3, 4);
  header.writeUInt32BE(Math.log2(CLUSTER_BYTES), 20);
  header.writeBigUInt64BE(BigInt(layout.virtualBytes), 24);
  header.writeUInt32BE(layout.l1Entries, 36);
  header.writeBigUInt64BE(BigInt(layout.l1Offset), 40);
  header.writeBigUInt64BE(BigInt(layout.refcountTableOffset), 48);
  header.writeUInt32BE(refcountTableClusters, 56);
  header.writeUInt32BE(REFCOUNT_ORDER, 96);
  header.writeUInt32BE(HEADER_V3_BYTES, 100);
}

function refcountTable({ refcountBlocksOffset, refcountBlocks }: Qcow2Layout): EncodeCluster {
  return (cluster, index) => {
    const first = index * ENTRIES_PER_CLUSTER;
    const count = Math.min(ENTRIES_PER_CLUSTER, refcountBlocks - first);
    for (let i = 0; i < count; i++) {
      const offset = refcountBlocksOffset + (first + i) * CLUSTER_BYTES;
      cluster.writeBigUInt64BE(BigInt(offset), i * ENTRY_BYTES);
    }
  };
}

/** Every cluster of the file is in use once. */
function refcountBlocks(fileBytes: number): EncodeCluster {
  const fileClusters = fileBytes / CLUSTER_BYTES;
  return (cluster, index) => {
    const used = fileClusters - index * REFCOUNTS_PER_CLUSTER;
    for (let i = 0; i < Math.min(used, REFCOUNTS_PER_CLUSTER); i++) {
      cluster.writeUInt16BE(1, i * REFCOUNT_BYTES);
    }
  };
}

/** A table stays even when none of its blocks was stored in the end: it has its place in the file. */
function l1Table({ l2Offset, l2Tables }: Qcow2Layout): EncodeCluster {
  let table = 0;
  return (cluster, index) => {
    const first = index * ENTRIES_PER_CLUSTER;
    for (; table < l2Tables.length; table++) {
      const entry = (l2Tables[table] ?? 0) - first;
      if (entry >= ENTRIES_PER_CLUSTER) return;
      writeUsedEntry(cluster, entry, l2Offset + table * CLUSTER_BYTES);
    }
  };
}

/** Ranks are counted along, so the tables must be asked for in their order. */
function l2Tables(layout: Qcow2Layout, stored: Uint8Array): EncodeCluster {
  let rank = 0;
  return (cluster, index) => {
    const first = (layout.l2Tables[index] ?? 0) * BLOCKS_PER_L2_TABLE;
    const flags = stored.subarray(first, first + BLOCKS_PER_L2_TABLE);
    for (const [within, flag] of flags.entries()) {
      if (flag === 0) continue;
      const offset = qcow2BlockOffset(layout, rank++);
      const entry = within * (ENTRIES_PER_CLUSTER / BLOCKS_PER_L2_TABLE);
      const count = clustersOfBlock(layout.virtualBytes, first + within);
      for (let i = 0; i < count; i++) writeUsedEntry(cluster, entry + i, offset + i * CLUSTER_BYTES);
    }
  };
}

/** An L1 or L2 entry of something that is referenced once. */
function writeUsedEntry(cluster: Buffer, entry: number, offset: number): void {
  cluster.writeUInt32BE(COPIED_HIGH + Math.floor(offset / 2 ** 32), entry * ENTRY_BYTES);
  cluster.writeUInt32BE(offset >>> 0, entry * ENTRY_BYTES + 4);
}
