import type { ByteSource } from '../io/byte-source.js';
import { XenferryError } from '../model/errors.js';
import { BLOCK_BYTES, MIB, SECTOR_BYTES } from '../model/units.js';
import { checksumFits } from './checksum.js';
import { type DynamicHeader, HEADER_CHECKSUM_AT, readDynamicHeader } from './dynamic-header.js';
import { FOOTER_BYTES, FOOTER_CHECKSUM_AT, readFooterAt, type VhdFooter } from './footer.js';
import { BLOCK_BITMAP_BYTES, DYNAMIC_HEADER_BYTES, MAX_VHD_BYTES, UNUSED_BAT_ENTRY } from './layout.js';

/** Between two parts that are told of; the batmap of the largest disk is 128 KiB. */
const MAX_GAP_BYTES = MIB;
/** The largest disk has as many blocks, and writers may round up. */
const MAX_BAT_ENTRIES = 2 ** 21;
const VERSION_1_0 = 0x0001_0000;

/** Told of a VHD as it comes. */
export interface VhdStreamVisitor {
  /** Once, before all blocks: `stored` has a 1 for each block of the disk that the stream has. */
  tables(virtualBytes: number, stored: Uint8Array): void;
  /** BLOCK_BYTES that are used again for the next; whether more are wanted. Blocks come in the order of the file. */
  block(block: number, content: Buffer): boolean;
}

/**
 * Reads a dynamic VHD that can only be read forward, as a pool exports one ("Virtual Hard Disk Image Format
 * Specification" 1.0): footer, header, table, blocks in any order of the disk, footer. Sectors whose bit is clear are
 * zeros. Memory is bounded by the table, 8 MiB at most. `name` is for errors.
 * Rejects with VHD_INVALID, also for one that ends early, or with what `parts` or the visitor fail with.
 */
export async function readVhdStream(
  parts: AsyncIterable<Uint8Array>,
  name: string,
  visitor: VhdStreamVisitor,
): Promise<void> {
  const stream = new ForwardBytes(parts, name);
  try {
    const first = await stream.take(FOOTER_BYTES);
    const footer = await checkedFooter(stream, first);
    const header = await checkedHeader(stream, footer);
    const order = await readTable(stream, footer, header, visitor);
    const bitmap = Buffer.alloc(BLOCK_BITMAP_BYTES);
    const content = Buffer.alloc(BLOCK_BYTES);
    for (const { block, offset } of order) {
      await stream.skipTo(offset);
      await stream.fill(bitmap);
      await stream.fill(content);
      clearUnsetSectors(bitmap, content);
      if (!visitor.block(block, content)) return;
    }
    await stream.endWith(first);
  } finally {
    await stream.close();
  }
}

async function checkedFooter(stream: ForwardBytes, bytes: Buffer): Promise<VhdFooter> {
  const footer = await readFooterAt(stream.seen(0, bytes), 0);
  if (!checksumFits(bytes, FOOTER_CHECKSUM_AT)) throw stream.invalid('the footer checksum is wrong');
  if (bytes.readUInt32BE(12) !== VERSION_1_0) throw stream.invalid('the format version is not 1.0');
  if (footer.kind !== 'dynamic') throw stream.invalid(`a ${footer.kind} disk instead of a dynamic one`);
  if (footer.virtualBytes === 0 || footer.virtualBytes > MAX_VHD_BYTES) {
    throw stream.invalid(`a disk of ${footer.virtualBytes} bytes`);
  }
  return footer;
}

async function checkedHeader(stream: ForwardBytes, footer: VhdFooter): Promise<DynamicHeader> {
  const offset = footer.headerOffset;
  await stream.skipTo(offset);
  const bytes = await stream.take(DYNAMIC_HEADER_BYTES);
  const header = await readDynamicHeader(stream.seen(offset, bytes), footer);
  if (!checksumFits(bytes, HEADER_CHECKSUM_AT)) throw stream.invalid('the header checksum is wrong');
  if (bytes.readUInt32BE(24) !== VERSION_1_0) throw stream.invalid('the header version is not 1.0');
  if (header.blockBytes !== BLOCK_BYTES) {
    throw stream.invalid(`blocks of ${header.blockBytes} bytes instead of 2 MiB`);
  }
  const blocks = Math.ceil(footer.virtualBytes / BLOCK_BYTES);
  if (header.batEntries < blocks || header.batEntries > MAX_BAT_ENTRIES) {
    throw stream.invalid(`a table of ${header.batEntries} entries for ${blocks} blocks`);
  }
  return header;
}

interface PlacedBlock {
  readonly block: number;
  /** Byte offset in the file. */
  readonly offset: number;
}

/** Reads the table and tells the visitor; the stored blocks in the order of the file. */
async function readTable(
  stream: ForwardBytes,
  { virtualBytes }: VhdFooter,
  { batOffset, batEntries }: DynamicHeader,
  visitor: VhdStreamVisitor,
): Promise<Iterable<PlacedBlock>> {
  await stream.skipTo(batOffset);
  const table = await stream.take(batEntries * 4);
  const stored = new Uint8Array(Math.ceil(virtualBytes / BLOCK_BYTES));
  // Sector and block in one number, which are 32 and 21 bits: numbers sort fast, and many at once.
  const placed = new Float64Array(batEntries);
  let count = 0;
  for (let block = 0; block < batEntries; block++) {
    const sector = table.readUInt32BE(block * 4);
    if (sector === UNUSED_BAT_ENTRY) continue;
    if (block >= stored.length) throw stream.invalid(`block ${block} lies after the end of the disk`);
    stored[block] = 1;
    placed[count++] = sector * MAX_BAT_ENTRIES + block;
  }
  visitor.tables(virtualBytes, stored);
  return inOrder(placed.subarray(0, count).sort());
}

function* inOrder(placed: Float64Array): Generator<PlacedBlock> {
  for (const place of placed) {
    const block = place % MAX_BAT_ENTRIES;
    yield { block, offset: ((place - block) / MAX_BAT_ENTRIES) * SECTOR_BYTES };
  }
}

/** The bitmap has a bit for each sector, the highest of a byte first. */
function clearUnsetSectors(bitmap: Buffer, content: Buffer): void {
  for (const [index, bits] of bitmap.entries()) {
    if (bits === 0xff) continue;
    for (let bit = 0; bit < 8; bit++) {
      if ((bits & (0x80 >> bit)) !== 0) continue;
      const at = (index * 8 + bit) * SECTOR_BYTES;
      content.fill(0, at, at + SECTOR_BYTES);
    }
  }
}

/** Bytes that come in pieces and are taken in others. */
class ForwardBytes {
  readonly #parts: AsyncIterator<Uint8Array>;
  readonly #name: string;
  #piece: Uint8Array = new Uint8Array();
  #position = 0;

  constructor(parts: AsyncIterable<Uint8Array>, name: string) {
    this.#parts = parts[Symbol.asyncIterator]();
    this.#name = name;
  }

  invalid(message: string): XenferryError {
    return new XenferryError('VHD_INVALID', message, { file: this.#name, offset: this.#position });
  }

  /** What was taken from byte `start` on, for readers of files. */
  seen(start: number, bytes: Buffer): ByteSource {
    return {
      path: this.#name,
      length: start + bytes.length,
      read: async (target, at, length, offset) => {
        target.set(bytes.subarray(offset - start, offset - start + length), at);
      },
      close: () => {},
    };
  }

  async take(length: number): Promise<Buffer> {
    const bytes = Buffer.alloc(length);
    await this.fill(bytes);
    return bytes;
  }

  async fill(target: Buffer): Promise<void> {
    for (let filled = 0; filled < target.length; ) {
      if (!(await this.#more())) throw this.invalid('the stream ends early');
      const taken = this.#piece.subarray(0, target.length - filled);
      target.set(taken, filled);
      this.#pass(taken.length);
      filled += taken.length;
    }
  }

  async skipTo(position: number): Promise<void> {
    if (position < this.#position) throw this.invalid(`what comes next should stand at ${position} already`);
    if (position > this.#position + MAX_GAP_BYTES) throw this.invalid(`nothing until ${position}`);
    await this.take(position - this.#position);
  }

  /** Padding, the given bytes, and no more. */
  async endWith(expected: Buffer): Promise<void> {
    const start = this.#position;
    const pieces: Uint8Array[] = [];
    while (await this.#more()) {
      pieces.push(Buffer.from(this.#piece));
      this.#pass(this.#piece.length);
      if (this.#position - start > MAX_GAP_BYTES) throw this.invalid('more than a footer at the end');
    }
    if (!Buffer.concat(pieces).subarray(-expected.length).equals(expected)) {
      throw this.invalid('no footer at the end');
    }
  }

  async close(): Promise<void> {
    await this.#parts.return?.();
  }

  /** Whether there are bytes in the present piece, fetched where need be. */
  async #more(): Promise<boolean> {
    while (this.#piece.length === 0) {
      const next = await this.#parts.next();
      if (next.done === true) return false;
      this.#piece = next.value;
    }
    return true;
  }

  #pass(length: number): void {
    this.#position += length;
    this.#piece = this.#piece.subarray(length);
  }
}
