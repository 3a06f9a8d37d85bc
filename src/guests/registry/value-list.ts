import { type HiveCells, NO_CELL } from './hive-cells.js';
import { COMPRESSED_VALUE, decodeName, encodeName, folded } from './key-names.js';
import type { ValueData } from './value-data.js';

const VALUE_BYTES = 20;
const KEY_BYTES = 76;
/** Set in a value's size when its data of up to four bytes stands in place of their offset. */
const INLINE = 0x8000_0000;
/** Larger data is in pieces of that size from minor version 4 on. */
const PIECE_BYTES = 16_344;
const PIECES_SINCE = 4;
/** Above what any value has that is read here. */
const MAX_DATA_BYTES = 1024 * 1024;
/** Windows' longest lists have some thousand. */
const MAX_VALUES = 100_000;

interface Found {
  /** In the key's list. */
  readonly index: number;
  readonly offset: number;
}

/** The values of a key. */
export class ValueList {
  readonly #cells: HiveCells;
  readonly #key: number;

  /** `key`: offset of its cell. */
  constructor(cells: HiveCells, key: number) {
    this.#cells = cells;
    this.#key = key;
  }

  names(): string[] {
    return this.#offsets().map((offset) => this.#nameOf(offset));
  }

  read(name: string): ValueData | null {
    const found = this.#find(name);
    return found === null ? null : this.#dataOf(found.offset);
  }

  /** Whether the value was another one. */
  write(name: string, value: ValueData): boolean {
    if (value.data.length > PIECE_BYTES) throw new RangeError('values as large as that are not written');
    const found = this.#find(name);
    if (found === null) {
      this.#append(this.#make(name, value));
    } else {
      const old = this.#dataOf(found.offset);
      if (old.type === value.type && old.data.equals(value.data)) return false;
      this.#removeData(found.offset);
      this.#place(found.offset, value);
    }
    const key = this.#record();
    key.writeUInt32LE(Math.max(key.readUInt32LE(60), 2 * name.length), 60);
    key.writeUInt32LE(Math.max(key.readUInt32LE(64), value.data.length), 64);
    return true;
  }

  remove(name: string): boolean {
    const found = this.#find(name);
    if (found === null) return false;
    const others = this.#offsets().filter((_, index) => index !== found.index);
    this.#removeData(found.offset);
    this.#cells.remove(found.offset);
    this.#replace(others);
    return true;
  }

  removeAll(): void {
    for (const offset of this.#offsets()) {
      this.#removeData(offset);
      this.#cells.remove(offset);
    }
    this.#replace([]);
  }

  #record(): Buffer {
    return this.#cells.record(this.#key, 'nk', KEY_BYTES);
  }

  #offsets(): number[] {
    const key = this.#record();
    const count = key.readUInt32LE(36);
    if (count === 0) return [];
    const list = key.readUInt32LE(40);
    if (count > MAX_VALUES) throw this.#cells.broken(list, `${count} values in a key`);
    const cell = this.#cells.cell(list, 4 * count);
    return Array.from({ length: count }, (_, at) => cell.readUInt32LE(4 * at));
  }

  #find(name: string): Found | null {
    const wanted = folded(name);
    const offsets = this.#offsets();
    const index = offsets.findIndex((offset) => folded(this.#nameOf(offset)) === wanted);
    const offset = offsets[index];
    return offset === undefined ? null : { index, offset };
  }

  #nameOf(offset: number): string {
    const value = this.#value(offset);
    const length = value.readUInt16LE(2);
    if (VALUE_BYTES + length > value.length)
      throw this.#cells.broken(offset, 'the name of a value is too long');
    return decodeName(
      value.subarray(VALUE_BYTES, VALUE_BYTES + length),
      (value.readUInt16LE(16) & COMPRESSED_VALUE) !== 0,
    );
  }

  #value(offset: number): Buffer {
    return this.#cells.record(offset, 'vk', VALUE_BYTES);
  }

  #dataOf(offset: number): ValueData {
    const value = this.#value(offset);
    const type = value.readUInt32LE(12);
    const size = value.readUInt32LE(4);
    if (size >= INLINE) {
      const length = size - INLINE;
      if (length > 4) throw this.#cells.broken(offset, `${length} bytes where four fit`);
      return { type, data: Buffer.from(value.subarray(8, 8 + length)) };
    }
    if (size === 0) return { type, data: Buffer.alloc(0) };
    if (size > MAX_DATA_BYTES) throw this.#cells.broken(offset, `a value of ${size} bytes`);
    const at = value.readUInt32LE(8);
    if (!this.#inPieces(at, size))
      return { type, data: Buffer.from(this.#cells.cell(at, size).subarray(0, size)) };
    const pieces = this.#pieces(at, size);
    const data = pieces.map((piece, index) => {
      const length = Math.min(PIECE_BYTES, size - index * PIECE_BYTES);
      return this.#cells.cell(piece, length).subarray(0, length);
    });
    return { type, data: Buffer.concat(data) };
  }

  /** Other programs than Windows write large data in one cell; it is larger than a record of pieces then. */
  #inPieces(at: number, size: number): boolean {
    return size > PIECE_BYTES && this.#cells.minor >= PIECES_SINCE && this.#cells.cell(at, 0).length < size;
  }

  /** `db`: how many pieces at 2, the offset of a list of their offsets at 4. */
  #pieces(at: number, size: number): number[] {
    const record = this.#cells.record(at, 'db', 8);
    const count = record.readUInt16LE(2);
    if (count !== Math.ceil(size / PIECE_BYTES))
      throw this.#cells.broken(at, `${count} pieces of ${size} bytes`);
    const list = this.#cells.cell(record.readUInt32LE(4), 4 * count);
    return Array.from({ length: count }, (_, index) => list.readUInt32LE(4 * index));
  }

  #make(name: string, value: ValueData): number {
    const { bytes, compressed } = encodeName(name);
    const record = Buffer.alloc(VALUE_BYTES + bytes.length);
    record.write('vk', 0, 'latin1');
    record.writeUInt16LE(bytes.length, 2);
    record.writeUInt16LE(compressed ? COMPRESSED_VALUE : 0, 16);
    bytes.copy(record, VALUE_BYTES);
    const offset = this.#cells.add(record);
    this.#place(offset, value);
    return offset;
  }

  /** Up to four bytes stand in the record itself. */
  #place(offset: number, { type, data }: ValueData): void {
    const at = data.length <= 4 ? 0 : this.#cells.add(data);
    this.#cells.touch();
    const record = this.#value(offset);
    record.writeUInt32LE(type, 12);
    record.writeUInt32LE(at, 8);
    record.writeUInt32LE(data.length <= 4 ? data.length + INLINE : data.length, 4);
    if (data.length <= 4) data.copy(record, 8);
  }

  #removeData(offset: number): void {
    const value = this.#value(offset);
    const size = value.readUInt32LE(4);
    if (size === 0 || size >= INLINE) return;
    const at = value.readUInt32LE(8);
    if (this.#inPieces(at, size)) {
      for (const piece of this.#pieces(at, size)) this.#cells.remove(piece);
      this.#cells.remove(this.#cells.record(at, 'db', 8).readUInt32LE(4));
    }
    this.#cells.remove(at);
  }

  #append(offset: number): void {
    this.#replace([...this.#offsets(), offset]);
  }

  #replace(offsets: readonly number[]): void {
    const old = this.#record();
    if (old.readUInt32LE(36) > 0) this.#cells.remove(old.readUInt32LE(40));
    let list = NO_CELL;
    if (offsets.length > 0) {
      const bytes = Buffer.alloc(4 * offsets.length);
      for (const [at, offset] of offsets.entries()) bytes.writeUInt32LE(offset, 4 * at);
      list = this.#cells.add(bytes);
    }
    this.#cells.touch();
    const key = this.#record();
    key.writeUInt32LE(offsets.length, 36);
    key.writeUInt32LE(list, 40);
  }
}
