import { XenferryError } from '../../model/errors.js';
import { MIB, roundUp } from '../../model/units.js';

/** Windows gives up far below: the hives of a system's control sets are tens of MiB. */
export const MAX_HIVE_BYTES = 512 * MIB;
/** Cells, and pieces of 64 bytes in them, that are looked at in all; a real guest takes some hundred thousand. */
const MAX_LOOKS = 4_000_000;
/** Where a key or value that is not there would be. */
export const NO_CELL = 0xffff_ffff;

/** Cell offsets count from here, and pages of it are what bins are made of. */
const BASE_BYTES = 4096;
const BIN_HEADER_BYTES = 32;
const MAGIC = 'regf';

/**
 * The cells of a registry hive: a base block of 4096 bytes, then bins (`hbin`), multiples of 4096 bytes, full of cells.
 * A cell begins with its size as a signed 32-bit number, negative where it is in use, a multiple of 8; all numbers are
 * little-endian. Source: "Windows registry file format specification" by M. Suhanov.
 *
 * New cells go into bins of their own at the end, so what is in the way of nothing stays byte for byte as it was.
 * Everything throws GUEST_UNREADABLE with the offset where the hive does not hold what it should.
 */
export class HiveCells {
  readonly file: string;
  /** The hive's bytes, grown by doubling; `#end` tells what counts. */
  #bytes: Buffer;
  #end: number;
  /** Rest of the last own bin. */
  #free: { at: number; bytes: number } | null = null;
  #changed = false;
  #looks = 0;

  /** Takes the bytes over. `file`: for messages. */
  constructor(bytes: Buffer, file: string) {
    this.file = file;
    this.#bytes = bytes;
    this.#end = checkedEnd(bytes, file);
  }

  get rootOffset(): number {
    return this.#bytes.readUInt32LE(36);
  }

  /** Minor format version: 3 (NT 4) to 6 (for values above 16 KiB from 4 on). */
  get minor(): number {
    return this.#bytes.readUInt32LE(24);
  }

  get changed(): boolean {
    return this.#changed;
  }

  /**
   * A view of what is in a cell, without its size; it is void once a cell was added. `least`: bytes that must be in it.
   */
  cell(offset: number, least: number): Buffer {
    // Cells may refer to each other in any way: without a limit a small hive could keep us busy for ever.
    this.#looks += 1 + (least >>> 6);
    if (this.#looks > MAX_LOOKS) throw this.broken(offset, 'too much refers to the same cells');
    const at = BASE_BYTES + offset;
    if (offset % 8 !== 0 || at + 4 > this.#end) throw this.broken(offset, 'there is no cell');
    const size = -this.#bytes.readInt32LE(at);
    if (size < least + 4 || at + size > this.#end) throw this.broken(offset, `a cell of ${size} bytes`);
    return this.#bytes.subarray(at + 4, at + size);
  }

  /** As `cell`, which must begin with the two letters. */
  record(offset: number, letters: string, least: number): Buffer {
    const cell = this.cell(offset, least);
    if (cell.toString('latin1', 0, 2) !== letters) throw this.broken(offset, `no ${letters} record`);
    return cell;
  }

  /** For those who are about to write into a view. */
  touch(): void {
    this.#changed = true;
  }

  /** Makes a cell that holds the bytes; its offset. */
  add(content: Buffer): number {
    this.touch();
    const size = roundUp(content.length + 4, 8);
    const at = this.#place(size);
    this.#bytes.writeInt32LE(-size, at);
    this.#bytes.fill(0, at + 4, at + size);
    content.copy(this.#bytes, at + 4);
    return at - BASE_BYTES;
  }

  remove(offset: number): void {
    const size = this.cell(offset, 0).length + 4;
    this.touch();
    this.#bytes.writeInt32LE(size, BASE_BYTES + offset);
  }

  /** The hive as it goes to the disk: sequence numbers grown by one, sizes and checksum set. */
  toBytes(): Buffer {
    const bytes = Buffer.from(this.#bytes.subarray(0, this.#end));
    if (!this.#changed) return bytes;
    const sequence = (bytes.readUInt32LE(4) + 1) >>> 0;
    bytes.writeUInt32LE(sequence, 4);
    bytes.writeUInt32LE(sequence, 8);
    bytes.writeUInt32LE(this.#end - BASE_BYTES, 40);
    bytes.writeUInt32LE(checksumOf(bytes), 508);
    return bytes;
  }

  broken(offset: number, what: string): XenferryError {
    return brokenHive(this.file, BASE_BYTES + offset, what);
  }

  #place(size: number): number {
    if (this.#free === null || this.#free.bytes < size) this.#addBin(size);
    const free = this.#free;
    if (free === null) throw new Error('no bin was added');
    const left = free.bytes - size;
    this.#free = left === 0 ? null : { at: free.at + size, bytes: left };
    if (left > 0) this.#bytes.writeInt32LE(left, free.at + size);
    return free.at;
  }

  #addBin(size: number): void {
    const length = roundUp(size + BIN_HEADER_BYTES, BASE_BYTES);
    const at = this.#end;
    const end = at + length;
    if (end > MAX_HIVE_BYTES) throw this.broken(at - BASE_BYTES, 'the hive would grow too large');
    if (end > this.#bytes.length) {
      const grown = Buffer.alloc(Math.max(end, this.#bytes.length + MIB));
      this.#bytes.copy(grown, 0, 0, at);
      this.#bytes = grown;
    }
    // What follows the last bin is no part of the hive and may hold anything.
    this.#bytes.fill(0, at, end);
    this.#bytes.write('hbin', at, 'latin1');
    this.#bytes.writeUInt32LE(at - BASE_BYTES, at + 4);
    this.#bytes.writeUInt32LE(length, at + 8);
    this.#bytes.writeInt32LE(length - BIN_HEADER_BYTES, at + BIN_HEADER_BYTES);
    this.#end = end;
    this.#free = { at: at + BIN_HEADER_BYTES, bytes: length - BIN_HEADER_BYTES };
  }
}

/** Primary sequence number of a hive's or a log's base block; null where there is none. */
export function sequenceOf(bytes: Buffer): number | null {
  if (bytes.length < 512 || bytes.toString('latin1', 0, 4) !== MAGIC) return null;
  return bytes.readUInt32LE(508) === checksumOf(bytes) ? bytes.readUInt32LE(4) : null;
}

function checkedEnd(bytes: Buffer, file: string): number {
  if (bytes.length > MAX_HIVE_BYTES) throw brokenHive(file, MAX_HIVE_BYTES, 'the hive is too large');
  if (bytes.length < 2 * BASE_BYTES || bytes.toString('latin1', 0, 4) !== MAGIC)
    throw brokenHive(file, 0, 'this is no registry hive');
  if (bytes.readUInt32LE(508) !== checksumOf(bytes)) throw brokenHive(file, 508, 'the checksum is wrong');
  const [major, minor, type] = [bytes.readUInt32LE(20), bytes.readUInt32LE(24), bytes.readUInt32LE(28)];
  if (major !== 1 || minor < 3 || minor > 6 || type !== 0)
    throw brokenHive(file, 20, `version ${major}.${minor} of type ${type} is not known`);
  const end = BASE_BYTES + bytes.readUInt32LE(40);
  if (end % BASE_BYTES !== 0 || end > bytes.length || end < 2 * BASE_BYTES)
    throw brokenHive(file, 40, 'the bins end outside of the file');
  return end;
}

/** XOR of the base block's first 127 numbers; 0 and -1 are not used. */
function checksumOf(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < 508; at += 4) sum ^= bytes.readInt32LE(at);
  if (sum === 0) return 1;
  return (sum === -1 ? -2 : sum) >>> 0;
}

function brokenHive(file: string, offset: number, what: string): XenferryError {
  return new XenferryError('GUEST_UNREADABLE', `the registry is damaged: ${what}`, { file, offset });
}
