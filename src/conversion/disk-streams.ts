import { createHash } from 'node:crypto';
import { locationName } from '../images/index.js';
import { BLOCK_BYTES } from '../model/units.js';
import { encodeQcow2Metadata, qcow2FileBytes, qcow2Layout } from '../qcow2/index.js';
import { BLOCK_STRIDE, encodeVhdFooter, encodeVhdMetadata, FOOTER_BYTES, vhdLayout } from '../vhd/index.js';
import {
  CHUNK_BYTES,
  CHUNK_STRIDE,
  type ChunkChecksum,
  END_OF_ARCHIVE_BYTES,
  encodeOvaXmlMember,
  TAR_RECORD_BYTES,
} from '../xva/index.js';
import type { ConvertedDisk } from './convert-disk.js';
import { uuidFrom } from './disk-digest.js';
import type { DiskConversionOptions } from './disk-file.js';
import { CHUNK_HEAD_BYTES } from './formats/chunked-format.js';
import { type OrderedBlock, orderedBlocks } from './ordered-blocks.js';

/** A disk as bytes in order, for a reader that cannot seek: a pipe, an upload. */
export interface DiskStream {
  /** Known before the first byte, because all that may hold data is stored, zeros or not. */
  readonly byteLength: number;
  /**
   * The bytes; a piece is valid until the next is asked for. Ends with the error of the conversion when it fails.
   * Returning early stops the conversion.
   */
  readonly pieces: AsyncGenerator<Buffer>;
}

type OnEnd = (converted: ConvertedDisk) => void;

const ZEROS = Buffer.alloc(BLOCK_BYTES);
/** What becomes of a block in an XVA. */
const XVA_BLOCK_BYTES = (BLOCK_BYTES / CHUNK_BYTES) * CHUNK_STRIDE;

/** A dynamic VHD. `onEnd` is told what was found when all pieces are taken. Throws VHD_TOO_LARGE. */
export function vhdStream(conversion: DiskConversionOptions, onEnd: OnEnd): DiskStream {
  const { allocated, capacityBytes, source } = conversion;
  const layout = vhdLayout(capacityBytes);
  const map = createHash('sha256').update(allocated).digest('hex');
  const uuid = uuidFrom(`vhd stream ${locationName(source.location)} ${map} ${layout.virtualBytes}`);
  async function* pieces() {
    yield encodeVhdMetadata(layout, allocated, uuid);
    const { firstBlockOffset } = layout;
    const format = { kind: 'vhd', firstBlockOffset, keepZeros: true } as const;
    for await (const { bytes } of orderedBlocks(conversion, format, BLOCK_STRIDE, onEnd)) yield bytes;
    yield encodeVhdFooter(layout, uuid);
  }
  const byteLength = layout.firstBlockOffset + countSet(allocated) * BLOCK_STRIDE + FOOTER_BYTES;
  return { byteLength, pieces: pieces() };
}

/** All bytes of the disk, zeros included. */
export function rawStream(conversion: DiskConversionOptions, onEnd: OnEnd): DiskStream {
  const { allocated, capacityBytes } = conversion;
  const zerosOf = (block: number) =>
    ZEROS.subarray(0, Math.min(BLOCK_BYTES, capacityBytes - block * BLOCK_BYTES));
  async function* pieces() {
    let next = 0;
    const format = { kind: 'raw', capacityBytes } as const;
    for await (const { block, bytes } of orderedBlocks(conversion, format, BLOCK_BYTES, onEnd)) {
      for (; next < block; next++) yield zerosOf(next);
      yield bytes;
      next = block + 1;
    }
    for (; next < allocated.length; next++) yield zerosOf(next);
  }
  return { byteLength: capacityBytes, pieces: pieces() };
}

/** The blocks that may hold data, and no others, in disk order, each as a chunk; the last ends with the disk's sector. */
export function chunkStream(conversion: DiskConversionOptions, onEnd: OnEnd): AsyncGenerator<OrderedBlock> {
  const { capacityBytes } = conversion;
  const largestBytes = CHUNK_HEAD_BYTES + BLOCK_BYTES;
  return orderedBlocks(conversion, { kind: 'chunked', capacityBytes }, largestBytes, onEnd);
}

/** A qcow2 image, in the order in which XCP-ng's importer reads it. */
export function qcow2Stream(conversion: DiskConversionOptions, onEnd: OnEnd): DiskStream {
  const { allocated, capacityBytes } = conversion;
  const layout = qcow2Layout(capacityBytes, allocated);
  const { virtualBytes, dataOffset } = layout;
  async function* pieces() {
    for (const { bytes } of encodeQcow2Metadata(layout, allocated)) yield bytes;
    const format = { kind: 'qcow2', virtualBytes, dataOffset } as const;
    for await (const { bytes } of orderedBlocks(conversion, format, BLOCK_BYTES, onEnd)) yield bytes;
  }
  return { byteLength: qcow2FileBytes(layout, allocated), pieces: pieces() };
}

/** What stands around the one disk of an XVA. */
export interface XvaSurroundings {
  readonly ovaXml: string;
  readonly diskId: string;
  readonly checksum: ChunkChecksum;
}

/** An XVA of one disk. */
export function xvaStream(
  conversion: DiskConversionOptions,
  { ovaXml, diskId, checksum }: XvaSurroundings,
  onEnd: OnEnd,
): DiskStream {
  const head = encodeOvaXmlMember(ovaXml);
  const allocated = withEnds(conversion.allocated);
  const chunks = (allocated.length * BLOCK_BYTES) / CHUNK_BYTES;
  const format = { kind: 'xva', baseOffset: head.length, diskId, chunks, checksum } as const;
  async function* pieces() {
    yield head;
    const blocks = orderedBlocks({ ...conversion, allocated }, format, XVA_BLOCK_BYTES, onEnd);
    for await (const { bytes } of blocks) yield bytes;
    yield Buffer.alloc(END_OF_ARCHIVE_BYTES);
  }
  const byteLength = head.length + countSet(allocated) * XVA_BLOCK_BYTES + END_OF_ARCHIVE_BYTES;
  return { byteLength, pieces: pieces() };
}

/** One disk of an archive; its size is its number of blocks. */
type ArchivedDisk = Omit<DiskConversionOptions, 'capacityBytes' | 'journal'> & {
  readonly diskId: string;
};

/**
 * An XVA of any number of disks without the chunks that are zeros, as a file has it: how long it is shows only at the
 * end. `onEnd` is told of each disk when all of it is taken.
 */
export async function* xvaArchiveStream(
  disks: readonly ArchivedDisk[],
  { ovaXml, checksum }: Omit<XvaSurroundings, 'diskId'>,
  onEnd: (disk: number, converted: ConvertedDisk) => void,
): AsyncGenerator<Buffer> {
  yield encodeOvaXmlMember(ovaXml);
  for (const [index, disk] of disks.entries()) {
    const allocated = withEnds(disk.allocated);
    const chunks = (allocated.length * BLOCK_BYTES) / CHUNK_BYTES;
    const format = { kind: 'xva', baseOffset: 0, diskId: disk.diskId, chunks, checksum } as const;
    const told = (converted: ConvertedDisk) => onEnd(index, converted);
    for await (const { block, bytes } of orderedBlocks(
      { ...disk, allocated },
      format,
      XVA_BLOCK_BYTES,
      told,
    )) {
      yield* dataChunks(block, bytes, chunks);
    }
  }
  yield Buffer.alloc(END_OF_ARCHIVE_BYTES);
}

function* dataChunks(block: number, bytes: Buffer, chunks: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += CHUNK_STRIDE) {
    const counter = (block * BLOCK_BYTES) / CHUNK_BYTES + at / CHUNK_STRIDE;
    const chunk = bytes.subarray(at, at + CHUNK_STRIDE);
    const data = chunk.subarray(TAR_RECORD_BYTES, TAR_RECORD_BYTES + CHUNK_BYTES);
    const isEnd = counter === 0 || counter === chunks - 1;
    if (isEnd || !data.equals(ZEROS.subarray(0, CHUNK_BYTES))) yield chunk;
  }
}

/** The importer relies on the first and the last chunk. */
function withEnds(allocated: Uint8Array): Uint8Array {
  const marked = Uint8Array.from(allocated);
  marked[0] = 1;
  marked[marked.length - 1] = 1;
  return marked;
}

function countSet(flags: Uint8Array): number {
  return flags.reduce((sum, flag) => sum + flag, 0);
}
