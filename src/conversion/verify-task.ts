import { allocatedBlocks, createReadTools, type DiskImage, readDisk } from '../disk-image/index.js';
import { fileImage, openImage } from '../images/index.js';
import { SourceFile } from '../io/source-file.js';
import { XenferryError } from '../model/errors.js';
import { BLOCK_BYTES } from '../model/units.js';
import { openVhdFile } from '../vhd/index.js';
import { giveSign, type TaskKind } from '../worker-threads-pool/index.js';
import {
  CHUNK_BYTES,
  CHUNK_READER_BYTES,
  ChunkReader,
  ForwardBytes,
  openXvaChunks,
  readXvaHead,
  readXvaStreamHead,
  type XvaArchive,
  type XvaChunk,
} from '../xva/index.js';
import { zstdDecompress } from '../zstd/index.js';
import { BlockJudge } from './block-judge.js';
import { type BlockKernels, loadBlockKernels } from './block-kernels.js';
import type { BlockRecords } from './block-records.js';
import { chunkChecksum } from './checksums.js';

/** The chunk reader's memory and a block, each on whole pages. */
const XVA_MEMORY_BYTES = CHUNK_READER_BYTES + BLOCK_BYTES + 2 * 4096;

export type VerifiedKind = 'vhd' | 'qcow2' | 'raw' | 'xva' | 'xva-zstd';

export interface VerifyInput {
  readonly kind: VerifiedKind;
  readonly path: string;
  /** Records of every disk; null checks the file against itself alone. */
  readonly expected: readonly BlockRecords[] | null;
  /** `[0] !== 0`: stop. */
  readonly canceled: Int32Array;
  /** As `withSigns` gives them. */
  readonly signs?: Int32Array | undefined;
}

export interface VerifyOutput {
  /** Bytes of disk data read back. */
  readonly bytes: number;
}

/** Reads a finished file back and compares it with the digests of the conversion. */
export const VERIFY: TaskKind<VerifyInput, VerifyOutput> = { worker: 'verify' };

/** The thread's work. Rejects with VERIFY_MISMATCH, VHD_INVALID, XVA_INVALID, SOURCE_*, TOOL_MISSING. */
export async function verifyFile(input: VerifyInput): Promise<VerifyOutput> {
  giveSign(input.signs);
  switch (input.kind) {
    case 'vhd':
    case 'qcow2':
    case 'raw':
      return await verifyImage(input, await openOutput(input.kind, input.path));
    case 'xva':
      return await verifyXva(input);
    case 'xva-zstd':
      return await verifyCompressedXva(input);
  }
}

async function openOutput(format: 'vhd' | 'qcow2' | 'raw', path: string): Promise<DiskImage> {
  const file = SourceFile.openWhole(path, 'SOURCE_CHANGED');
  if (format === 'vhd') return (await openVhdFile(file)).image;
  file.close();
  return await openImage(fileImage(format, path, file.length));
}

async function verifyImage(
  { path, expected, canceled, signs }: VerifyInput,
  image: DiskImage,
): Promise<VerifyOutput> {
  const kernels = await loadBlockKernels(BLOCK_BYTES);
  const block = kernels.allocate(BLOCK_BYTES);
  const judge = new BlockJudge(path, kernels, expected, canceled);
  const tools = createReadTools();
  let bytes = 0;
  try {
    const stored = await allocatedBlocks(image);
    // A file that was cut off has fewer blocks than it must have.
    const blocks = Math.max(stored.length, expected?.[0]?.digests.length ?? 0);
    for (let index = 0; index < blocks; index++) {
      if ((stored[index] ?? 0) === 0) {
        judge.judge(0, index, null);
        continue;
      }
      await readDisk(image, block, index * BLOCK_BYTES, BLOCK_BYTES, tools);
      bytes += BLOCK_BYTES;
      giveSign(signs);
      judge.judge(0, index, block);
    }
  } finally {
    image.close();
  }
  return { bytes };
}

async function verifyXva(input: VerifyInput): Promise<VerifyOutput> {
  const kernels = await loadBlockKernels(XVA_MEMORY_BYTES);
  const archive = await readXvaHead(input.path);
  const chunks = openXvaChunks(archive, kernels.allocate(CHUNK_READER_BYTES));
  return await verifyChunks(input, archive, chunks, kernels);
}

async function verifyCompressedXva(input: VerifyInput): Promise<VerifyOutput> {
  const { path } = input;
  const kernels = await loadBlockKernels(XVA_MEMORY_BYTES);
  const bytes = new ForwardBytes(zstdDecompress(path));
  try {
    const archive = await readXvaStreamHead(path, bytes);
    const memory = kernels.allocate(CHUNK_READER_BYTES);
    const chunks = new ChunkReader(path, bytes, archive.length, archive.firstChunkOffset, memory);
    return await verifyChunks(input, archive, chunks, kernels, () => bytes.drain());
  } catch (error) {
    if (!(error instanceof XenferryError) || error.code !== 'TOOL_FAILED') throw error;
    throw new XenferryError('XVA_INVALID', `it cannot be decompressed: ${error.message}`, { file: path });
  } finally {
    bytes.close();
  }
}

async function verifyChunks(
  { path, expected, canceled, signs }: VerifyInput,
  archive: XvaArchive,
  chunks: ChunkReader,
  kernels: BlockKernels,
  finish = async () => {},
): Promise<VerifyOutput> {
  try {
    const reader = new XvaBlocks(chunks, kernels);
    const judge = new BlockJudge(path, kernels, expected, canceled);
    for (const [disk, { id, virtualBytes }] of archive.disks.entries()) {
      for (let block = 0; block * BLOCK_BYTES < virtualBytes; block++) {
        judge.judge(disk, block, await reader.nextBlock(id, block, virtualBytes));
        giveSign(signs);
      }
    }
    await reader.expectEnd();
    await finish();
    return { bytes: reader.bytes };
  } finally {
    await chunks.close();
  }
}

/** Reads an XVA as the importer does, in archive order, judging every rule on the way. */
class XvaBlocks {
  bytes = 0;
  readonly #chunks: ChunkReader;
  readonly #kernels: BlockKernels;
  readonly #block: Buffer;
  /** Undefined before the first is asked for, null after the last. */
  #next: XvaChunk | null | undefined;

  constructor(chunks: ChunkReader, kernels: BlockKernels) {
    this.#chunks = chunks;
    this.#kernels = kernels;
    this.#block = kernels.allocate(BLOCK_BYTES);
  }

  /** The block's content, null when nothing of it is stored. Throws XVA_INVALID where the importer would fail. */
  async nextBlock(diskId: string, block: number, virtualBytes: number): Promise<Buffer | null> {
    let stored = false;
    for (let unit = 0; unit < BLOCK_BYTES / CHUNK_BYTES; unit++) {
      const offset = block * BLOCK_BYTES + unit * CHUNK_BYTES;
      const length = Math.min(CHUNK_BYTES, virtualBytes - offset);
      if (length <= 0) break;
      const chunk = await this.#peek();
      if (chunk?.diskId !== diskId || chunk.counter !== offset / CHUNK_BYTES) {
        this.#allowMissing(diskId, chunk, offset === 0, offset + length === virtualBytes);
        continue;
      }
      // Not before: a sparse disk has millions of blocks of which nothing is stored.
      if (!stored) this.#block.fill(0);
      this.#take(chunk, length).copy(this.#block, unit * CHUNK_BYTES);
      stored = true;
    }
    return stored ? this.#block : null;
  }

  async expectEnd(): Promise<void> {
    const chunk = await this.#peek();
    if (chunk !== null) {
      throw this.#chunks.invalid(chunk.offset, `unexpected chunk ${chunk.diskId}/${chunk.counter}`);
    }
  }

  async #peek(): Promise<XvaChunk | null> {
    this.#next = this.#next === undefined ? await this.#chunks.next() : this.#next;
    return this.#next;
  }

  #allowMissing(diskId: string, found: XvaChunk | null, first: boolean, last: boolean): void {
    if (!first && !last) return;
    throw this.#chunks.invalid(found?.offset ?? 0, `${diskId} lacks its ${first ? 'first' : 'last'} chunk`);
  }

  /** The data of a chunk whose size and checksum are as they must be. */
  #take(chunk: XvaChunk, length: number): Buffer {
    const { data, diskId, counter, offset } = chunk;
    if (data.length !== length) {
      throw this.#chunks.invalid(offset, `a chunk of ${data.length} bytes instead of ${length}`);
    }
    if (chunkChecksum(chunk.checksumKind, data, this.#kernels) !== chunk.checksum) {
      throw this.#chunks.invalid(offset, `the checksum of ${diskId}/${counter} does not fit`);
    }
    this.bytes += length;
    this.#next = undefined;
    return data;
  }
}
