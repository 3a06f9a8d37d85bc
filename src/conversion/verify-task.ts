import { allocatedBlocks, createReadTools, readDisk } from '../disk-image/index.js';
import { SourceFile } from '../io/source-file.js';
import { BLOCK_BYTES } from '../model/units.js';
import { openVhdFile } from '../vhd/index.js';
import type { TaskKind } from '../worker-threads-pool/index.js';
import {
  CHUNK_BYTES,
  CHUNK_READER_BYTES,
  type ChunkReader,
  XvaArchive,
  type XvaChunk,
} from '../xva/index.js';
import { BlockJudge } from './block-judge.js';
import { type BlockKernels, loadBlockKernels } from './block-kernels.js';
import type { BlockRecords } from './block-records.js';
import { chunkChecksum } from './checksums.js';

/** The chunk reader's memory and a block, each on whole pages. */
const XVA_MEMORY_BYTES = CHUNK_READER_BYTES + BLOCK_BYTES + 2 * 4096;

export interface VerifyInput {
  readonly kind: 'vhd' | 'xva';
  readonly path: string;
  /** Records of every disk; null checks the file against itself alone. */
  readonly expected: readonly BlockRecords[] | null;
  /** `[0] !== 0`: stop. */
  readonly canceled: Int32Array;
}

export interface VerifyOutput {
  /** Bytes of disk data read back. */
  readonly bytes: number;
}

/** Reads a finished file back and compares it with the digests of the conversion. */
export const VERIFY: TaskKind<VerifyInput, VerifyOutput> = { worker: 'verify' };

/** The thread's work. Rejects with VERIFY_MISMATCH, VHD_INVALID, XVA_INVALID. */
export async function verifyFile(input: VerifyInput): Promise<VerifyOutput> {
  return input.kind === 'vhd' ? await verifyVhd(input) : await verifyXva(input);
}

async function verifyVhd({ path, expected, canceled }: VerifyInput): Promise<VerifyOutput> {
  const kernels = await loadBlockKernels(BLOCK_BYTES);
  const { image } = await openVhdFile(SourceFile.openWhole(path, 'VHD_INVALID'));
  const block = kernels.allocate(BLOCK_BYTES);
  const judge = new BlockJudge(path, kernels, expected, canceled);
  const tools = createReadTools();
  let bytes = 0;
  try {
    for (const [index, stored] of (await allocatedBlocks(image)).entries()) {
      if (stored === 0) {
        judge.judge(0, index, null);
        continue;
      }
      await readDisk(image, block, index * BLOCK_BYTES, BLOCK_BYTES, tools);
      bytes += BLOCK_BYTES;
      judge.judge(0, index, block);
    }
  } finally {
    image.close();
  }
  return { bytes };
}

async function verifyXva({ path, expected, canceled }: VerifyInput): Promise<VerifyOutput> {
  const kernels = await loadBlockKernels(XVA_MEMORY_BYTES);
  const archive = XvaArchive.open(path);
  archive.close();
  const chunks = archive.openChunks(kernels.allocate(CHUNK_READER_BYTES));
  try {
    const reader = new XvaBlocks(chunks, kernels);
    const judge = new BlockJudge(path, kernels, expected, canceled);
    for (const [disk, { id, virtualBytes }] of archive.disks.entries()) {
      for (let block = 0; block * BLOCK_BYTES < virtualBytes; block++) {
        judge.judge(disk, block, await reader.nextBlock(id, block, virtualBytes));
      }
    }
    await reader.expectEnd();
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
