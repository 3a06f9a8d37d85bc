import type { VisitRange } from '../disk-image/index.js';
import { type ByteSource, readBytes } from '../io/byte-source.js';
import { isFormatError, XenferryError } from '../model/errors.js';
import { MIB, roundUp, SECTOR_BYTES } from '../model/units.js';
import { tableOutside } from './grain-directory.js';
import { ABSENT, type GrainMap, GrainVisits } from './grain-map.js';
import { TableCache } from './table-cache.js';

/** What the grain tables of a format look like. */
export interface TableLayout {
  readonly byteLength: number;
  readonly grainBytes: number;
  readonly entriesPerTable: number;
  readonly entryBytes: number;
  /**
   * Where the entry at byte `at` of a table says that its grain is: a byte offset in the file, ABSENT or ZEROED;
   * NaN for an entry that the format does not know.
   */
  place(table: Buffer, at: number): number;
}

/** Tables that stand side by side are read together up to this. */
const SURVEY_BYTES = MIB;

/** How many tables, and so directory entries, a layout has. */
export function tableCount({ byteLength, grainBytes, entriesPerTable }: Omit<TableLayout, 'place'>): number {
  return Math.ceil(byteLength / (grainBytes * entriesPerTable));
}

/**
 * The two-level map that all sparse formats share: grain directory → grain tables → grains. The directory is held
 * in memory, tables are read when asked for, so that the cost does not grow with the disk. Where a table is
 * damaged, its copy stands in if there is one.
 */
export class GrainTables implements GrainMap {
  readonly byteLength: number;
  readonly grainBytes: number;
  /** Number of tables for which the copy stood in so far. */
  damagedTables = 0;
  readonly #file: ByteSource;
  readonly #layout: TableLayout;
  readonly #directory: Uint32Array;
  readonly #copies: Uint32Array | null;
  readonly #cache: TableCache;

  /** `directory` and `copies`: first sectors of the tables and of their copies; 0 where there is none. */
  constructor(
    file: ByteSource,
    layout: TableLayout,
    directory: Uint32Array,
    copies: Uint32Array | null = null,
  ) {
    this.byteLength = layout.byteLength;
    this.grainBytes = layout.grainBytes;
    this.#file = file;
    this.#layout = layout;
    this.#directory = directory;
    this.#copies = copies;
    this.#cache = new TableCache(layout.entriesPerTable, (index, memory) => this.#load(index, memory));
  }

  async locate(first: number, count: number): Promise<Float64Array> {
    const perTable = this.#layout.entriesPerTable;
    const places = new Float64Array(count).fill(ABSENT);
    for (let done = 0; done < count; ) {
      const entry = (first + done) % perTable;
      const part = Math.min(perTable - entry, count - done);
      await this.#cache.copy(Math.floor((first + done) / perTable), entry, part, places, done);
      done += part;
    }
    return places;
  }

  async visitRanges(visit: VisitRange): Promise<void> {
    const visits = new GrainVisits(visit, this);
    // One buffer for all reads: a disk may have gigabytes of tables.
    const scratch = Buffer.alloc(
      Math.min(SURVEY_BYTES, this.#directory.length * this.#stride * SECTOR_BYTES),
    );
    const places = new Float64Array(this.#layout.entriesPerTable);
    for (let index = 0; index < this.#directory.length; ) {
      const count = this.#sideBySide(index);
      const bytes = count === 1 ? null : await this.#readRun(index, count, scratch);
      for (let i = 0; i < count; i++) {
        const known = bytes === null ? null : this.#decodeSound(bytes, index, i, places);
        const table = known ?? (await this.#load(index + i, places));
        const first = (index + i) * this.#layout.entriesPerTable;
        for (let entry = 0; table !== null && entry < table.length; entry++) {
          visits.add(first + entry, table[entry] ?? ABSENT);
        }
      }
      index += count;
    }
    visits.flush();
  }

  /** Sectors from the start of a table to that of the next one beside it. */
  get #stride(): number {
    return roundUp(this.#layout.entriesPerTable * this.#layout.entryBytes, SECTOR_BYTES) / SECTOR_BYTES;
  }

  /** The number of tables from `index` on that stand side by side in the file and fit one read. */
  #sideBySide(index: number): number {
    const stride = this.#stride;
    const start = this.#directory[index] ?? 0;
    const most = Math.max(1, Math.floor(SURVEY_BYTES / (stride * SECTOR_BYTES)));
    let run = 1;
    while (start !== 0 && run < most && this.#directory[index + run] === start + run * stride) run++;
    return run;
  }

  /** Several neighbouring tables in one read; null when the file ends before they do. */
  async #readRun(index: number, count: number, scratch: Buffer): Promise<Buffer | null> {
    const start = (this.#directory[index] ?? 0) * SECTOR_BYTES;
    const length = (count - 1) * this.#stride * SECTOR_BYTES + this.#usedBytes(index + count - 1);
    if (start + length > this.#file.length) return null;
    await this.#file.read(scratch, 0, length, start);
    return scratch.subarray(0, length);
  }

  /** Table `i` of those read together from table `index` on, in `places`; null when it is damaged. */
  #decodeSound(run: Buffer, index: number, i: number, places: Float64Array): Float64Array | null {
    const at = i * this.#stride * SECTOR_BYTES;
    const start = (this.#directory[index] ?? 0) * SECTOR_BYTES;
    try {
      return this.#decode(run.subarray(at), index + i, start + at, places);
    } catch (error) {
      if (!isFormatError(error)) throw error;
      return null;
    }
  }

  /** The table in `memory`; null when nothing of its range is stored. */
  async #load(index: number, memory: Float64Array): Promise<Float64Array | null> {
    const sector = this.#directory[index] ?? 0;
    const copy = this.#copies?.[index] ?? 0;
    if (sector === 0 && copy === 0) return null;
    try {
      return await this.#loadAt(index, sector, memory);
    } catch (error) {
      if (copy === 0 || !isFormatError(error)) throw error;
      // The first table's error is the one to tell when its copy is no better.
      const table = await this.#loadAt(index, copy, memory).catch(() => Promise.reject(error));
      if (this.#directory[index] !== copy) this.damagedTables++;
      this.#directory[index] = copy;
      return table;
    }
  }

  async #loadAt(index: number, sector: number, memory: Float64Array): Promise<Float64Array> {
    const offset = sector * SECTOR_BYTES;
    const length = this.#usedBytes(index);
    if (sector === 0 || offset + length > this.#file.length) {
      throw tableOutside(this.#file, `grain table ${index}`, offset);
    }
    return this.#decode(await readBytes(this.#file, offset, length), index, offset, memory);
  }

  /** Bytes of a table that stand for grains of the disk: the last table may end early. */
  #usedBytes(index: number): number {
    const { byteLength, grainBytes, entriesPerTable, entryBytes } = this.#layout;
    const grains = Math.ceil(byteLength / grainBytes) - index * entriesPerTable;
    return Math.min(entriesPerTable, grains) * entryBytes;
  }

  /** Decodes a table into `memory` and checks every entry against the file. Throws VMDK_GRAIN_OUT_OF_RANGE. */
  #decode(bytes: Buffer, index: number, offset: number, memory: Float64Array): Float64Array {
    const { entriesPerTable, entryBytes } = this.#layout;
    const places = memory.subarray(0, this.#usedBytes(index) / entryBytes);
    for (let entry = 0; entry < places.length; entry++) {
      const place = this.#layout.place(bytes, entry * entryBytes);
      // Not `>=`: NaN is to be refused as well.
      if (!(place < this.#file.length)) {
        const target = Number.isNaN(place) ? 'nothing that is known' : `byte ${place}`;
        throw new XenferryError(
          'VMDK_GRAIN_OUT_OF_RANGE',
          `grain ${index * entriesPerTable + entry} points to ${target}, the file has ${this.#file.length} bytes`,
          { file: this.#file.path, offset: offset + entry * entryBytes },
        );
      }
      places[entry] = place;
    }
    return places;
  }
}
