import { XenferryError } from '../model/errors.js';
import { BLOCK_BYTES } from '../model/units.js';
import { openDynamicVhd, readVhdBlock } from '../vhd/index.js';
import type { TaskKind } from '../worker-threads-pool/index.js';
import { CHUNK_BYTES, XvaArchive, type XvaChunk } from '../xva/index.js';
import { chunkChecksum, loadXxh64 } from './checksums.js';

const ZERO_BLOCK = Buffer.alloc(BLOCK_BYTES);

export interface VerifyInput {
  readonly kind: 'vhd' | 'xva';
  readonly path: string;
  /** XXH64 of every block of every disk, 0 for zeros; null checks the file against itself alone. */
  readonly expected: ReadonlyArray<BigUint64Array> | null;
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

async function verifyVhd({ path, expected }: VerifyInput): Promise<VerifyOutput> {
  const xxh64 = await loadXxh64();
  const vhd = openDynamicVhd(path);
  const block = Buffer.alloc(BLOCK_BYTES);
  const digests = expected?.[0];
  let bytes = 0;
  try {
    for (let index = 0; index < vhd.bat.length; index++) {
      const stored = await readVhdBlock(vhd, index, block);
      if (stored) bytes += BLOCK_BYTES;
      const actual = stored ? xxh64(block) : 0n;
      if (digests !== undefined && actual !== (digests[index] ?? 0n)) throw mismatch(path, 0, index);
    }
  } finally {
    vhd.file.close();
  }
  return { bytes };
}

async function verifyXva({ path, expected }: VerifyInput): Promise<VerifyOutput> {
  const xxh64 = await loadXxh64();
  const archive = XvaArchive.open(path);
  try {
    const reader = new XvaBlocks(archive, xxh64);
    for (const [disk, { id, virtualBytes }] of archive.disks.entries()) {
      const digests = expected?.[disk];
      for (let block = 0; block * BLOCK_BYTES < virtualBytes; block++) {
        const actual = await reader.nextBlock(id, block, virtualBytes);
        if (digests !== undefined && actual !== (digests[block] ?? 0n)) throw mismatch(path, disk, block);
      }
    }
    reader.expectEnd();
    return { bytes: reader.bytes };
  } finally {
    archive.close();
  }
}

function mismatch(path: string, disk: number, block: number): XenferryError {
  return new XenferryError(
    'VERIFY_MISMATCH',
    `disk ${disk} block ${block} reads back different from its source`,
    {
      file: path,
    },
  );
}

/** Reads an XVA as the importer does, in archive order, judging every rule on the way. */
class XvaBlocks {
  bytes = 0;
  readonly #archive: XvaArchive;
  readonly #chunks: Iterator<XvaChunk, undefined>;
  readonly #xxh64: (bytes: Uint8Array) => bigint;
  readonly #block = Buffer.alloc(BLOCK_BYTES);
  #next: XvaChunk | undefined;

  constructor(archive: XvaArchive, xxh64: (bytes: Uint8Array) => bigint) {
    this.#archive = archive;
    this.#chunks = archive.chunks();
    this.#xxh64 = xxh64;
    this.#next = this.#chunks.next().value;
  }

  /** The block's XXH64, 0 for zeros. Throws XVA_INVALID where the importer would fail. */
  async nextBlock(diskId: string, block: number, virtualBytes: number): Promise<bigint> {
    let zero = true;
    this.#block.fill(0);
    for (let unit = 0; unit < BLOCK_BYTES / CHUNK_BYTES; unit++) {
      const offset = block * BLOCK_BYTES + unit * CHUNK_BYTES;
      const length = Math.min(CHUNK_BYTES, virtualBytes - offset);
      if (length <= 0) break;
      const chunk = this.#next;
      if (chunk?.diskId !== diskId || chunk.counter !== offset / CHUNK_BYTES) {
        if (offset === 0 || offset + length === virtualBytes) {
          throw this.#archive.invalid(
            chunk?.offset ?? 0,
            `${diskId} lacks its ${offset === 0 ? 'first' : 'last'} chunk`,
          );
        }
        continue;
      }
      await this.#readChunk(chunk, this.#block.subarray(unit * CHUNK_BYTES, unit * CHUNK_BYTES + length));
      zero = false;
      this.#next = this.#chunks.next().value;
    }
    if (zero || this.#block.equals(ZERO_BLOCK)) return 0n;
    return this.#xxh64(this.#block);
  }

  expectEnd(): void {
    const chunk = this.#next;
    if (chunk !== undefined)
      throw this.#archive.invalid(chunk.offset, `unexpected chunk ${chunk.diskId}/${chunk.counter}`);
  }

  async #readChunk(chunk: XvaChunk, target: Buffer): Promise<void> {
    if (chunk.length !== target.length) {
      throw this.#archive.invalid(
        chunk.offset,
        `a chunk of ${chunk.length} bytes instead of ${target.length}`,
      );
    }
    await this.#archive.file.read(target, 0, target.length, chunk.offset);
    this.bytes += target.length;
    const actual = chunkChecksum(chunk.checksumKind, target, this.#xxh64);
    if (actual !== chunk.checksum) {
      throw this.#archive.invalid(
        chunk.offset,
        `the checksum of ${chunk.diskId}/${chunk.counter} does not fit`,
      );
    }
  }
}
