import type { VisitRange } from '../disk-image/index.js';
import { type ByteSource, readBytes } from '../io/byte-source.js';
import { isFormatError, XenferryError } from '../model/errors.js';
import { MIB, roundUp, SECTOR_BYTES } from '../model/units.js';
import { ABSENT, type GrainMap, GrainVisits, ZEROED } from './grain-map.js';
import type { SparseHeader } from './sparse-header.js';

/** A grain table entry that means "zeros" where the header's flag says so. */
const ZEROED_ENTRY = 1;
/** Tables stay where a few blocks in flight find them again; more would be memory for nothing. */
const CACHED_TABLES = 8;
/** 64 TiB with the usual grain need 8 MiB; a larger directory is not a disk's. */
const MAX_DIRECTORY_BYTES = 16 * MIB;
/** Tables that stand side by side are read together up to this. */
const SURVEY_BYTES = MIB;

/**
 * The two-level map of a hosted sparse extent: grain directory → grain tables → grains
 * ("Virtual Disk Format 1.1", Hosted Sparse Extent Metadata). The directory is held in memory,
 * tables are read when asked for, so that the cost does not grow with the disk. Where the directory or a table is
 * damaged, its redundant twin stands in.
 */
export class HostedGrains implements GrainMap {
  readonly byteLength: number;
  readonly grainBytes: number;
  /** Number of tables for which the redundant one stood in so far. */
  redundantTables = 0;
  readonly #file: ByteSource;
  readonly #header: SparseHeader;
  readonly #directory: Uint32Array;
  readonly #redundant: Uint32Array | null;
  readonly #cache = new Map<number, Promise<Uint32Array | null>>();

  private constructor(
    file: ByteSource,
    header: SparseHeader,
    directory: Uint32Array,
    redundant: Uint32Array | null,
  ) {
    this.byteLength = header.capacitySectors * SECTOR_BYTES;
    this.grainBytes = header.grainSectors * SECTOR_BYTES;
    this.#file = file;
    this.#header = header;
    this.#directory = directory;
    this.#redundant = redundant;
  }

  /** Reads the grain directory. Rejects with VMDK_TABLE_OUT_OF_RANGE or VMDK_HEADER_INVALID. */
  static async open(file: ByteSource, header: SparseHeader): Promise<HostedGrains> {
    const { capacitySectors, grainSectors, entriesPerGrainTable } = header;
    const entries = Math.ceil(capacitySectors / (grainSectors * entriesPerGrainTable));
    if (entries * 4 > MAX_DIRECTORY_BYTES) {
      throw new XenferryError(
        'VMDK_HEADER_INVALID',
        `a grain directory of ${entries} entries is not a disk's`,
        { file: file.path, offset: 44 },
      );
    }
    const redundant = await readRedundantDirectory(file, header, entries);
    const directory = await readDirectory(file, header.grainDirectoryOffset, entries).catch((error) => {
      if (redundant === null || !isFormatError(error)) throw error;
      return new Uint32Array(entries);
    });
    return new HostedGrains(file, header, directory, redundant);
  }

  async locate(first: number, count: number): Promise<Float64Array> {
    const perTable = this.#header.entriesPerGrainTable;
    const places = new Float64Array(count);
    for (let done = 0; done < count; ) {
      const index = Math.floor((first + done) / perTable);
      const entry = (first + done) % perTable;
      const part = Math.min(perTable - entry, count - done);
      const table = await this.#table(index);
      if (table !== null) {
        for (let i = 0; i < part; i++) places[done + i] = this.#place(table[entry + i] ?? 0);
      }
      done += part;
    }
    return places;
  }

  async visitRanges(visit: VisitRange): Promise<void> {
    const visits = new GrainVisits(visit, this);
    const perTable = this.#header.entriesPerGrainTable;
    for (let index = 0; index < this.#directory.length; ) {
      const run = this.#sideBySide(index);
      const tables = run === 1 ? [await this.#load(index)] : await this.#loadRun(index, run);
      for (const [i, table] of tables.entries()) {
        if (table === null) continue;
        for (let entry = 0; entry < perTable; entry++) {
          visits.add((index + i) * perTable + entry, this.#place(table[entry] ?? 0));
        }
      }
      index += run;
    }
    visits.flush();
  }

  #place(entry: number): number {
    if (entry === 0) return ABSENT;
    return entry === ZEROED_ENTRY && this.#header.zeroedGrains ? ZEROED : entry * SECTOR_BYTES;
  }

  get #tableBytes(): number {
    return this.#header.entriesPerGrainTable * 4;
  }

  /** Cached; null when nothing of the table's range is stored. */
  #table(index: number): Promise<Uint32Array | null> {
    const cached = this.#cache.get(index);
    if (cached !== undefined) return cached;
    const table = this.#load(index);
    const oldest = this.#cache.keys().next();
    if (this.#cache.size >= CACHED_TABLES && oldest.done === false) this.#cache.delete(oldest.value);
    this.#cache.set(index, table);
    return table;
  }

  /** The number of tables from `index` on that stand side by side in the file and fit one read. */
  #sideBySide(index: number): number {
    const stride = roundUp(this.#tableBytes, SECTOR_BYTES) / SECTOR_BYTES;
    const start = this.#directory[index] ?? 0;
    const most = Math.max(1, Math.floor(SURVEY_BYTES / (stride * SECTOR_BYTES)));
    let run = 1;
    while (start !== 0 && run < most && this.#directory[index + run] === start + run * stride) run++;
    return run;
  }

  /** Several neighbouring tables in one read; one by one when any of them is damaged. */
  async #loadRun(index: number, count: number): Promise<Array<Uint32Array | null>> {
    const stride = roundUp(this.#tableBytes, SECTOR_BYTES);
    const start = (this.#directory[index] ?? 0) * SECTOR_BYTES;
    try {
      const bytes = await readBytes(this.#file, start, (count - 1) * stride + this.#tableBytes);
      return Array.from({ length: count }, (_, i) =>
        this.#decode(
          bytes.subarray(i * stride, i * stride + this.#tableBytes),
          index + i,
          start + i * stride,
        ),
      );
    } catch (error) {
      if (!isFormatError(error)) throw error;
      const tables: Array<Uint32Array | null> = [];
      for (let i = 0; i < count; i++) tables.push(await this.#load(index + i));
      return tables;
    }
  }

  async #load(index: number): Promise<Uint32Array | null> {
    const sector = this.#directory[index] ?? 0;
    const twin = this.#redundant?.[index] ?? 0;
    if (sector === 0 && twin === 0) return null;
    try {
      if (sector === 0) throw this.#outside(`grain table ${index}`, 0);
      return await this.#loadAt(index, sector * SECTOR_BYTES);
    } catch (error) {
      if (twin === 0 || !isFormatError(error)) throw error;
      // The first table's error is the one to tell when its twin is no better.
      const table = await this.#loadAt(index, twin * SECTOR_BYTES).catch(() => Promise.reject(error));
      this.redundantTables++;
      return table;
    }
  }

  async #loadAt(index: number, offset: number): Promise<Uint32Array> {
    if (offset + this.#tableBytes > this.#file.length) throw this.#outside(`grain table ${index}`, offset);
    return this.#decode(await readBytes(this.#file, offset, this.#tableBytes), index, offset);
  }

  /** Checks every entry against the file. Throws VMDK_GRAIN_OUT_OF_RANGE. */
  #decode(bytes: Buffer, index: number, offset: number): Uint32Array {
    const { entriesPerGrainTable, zeroedGrains } = this.#header;
    const table = decodeTable(bytes, entriesPerGrainTable);
    const lastSector = Math.ceil(this.#file.length / SECTOR_BYTES) - 1;
    for (let entry = 0; entry < table.length; entry++) {
      const sector = table[entry] ?? 0;
      if (sector > lastSector && !(sector === ZEROED_ENTRY && zeroedGrains)) {
        const grain = index * entriesPerGrainTable + entry;
        throw new XenferryError(
          'VMDK_GRAIN_OUT_OF_RANGE',
          `grain ${grain} points to byte ${sector * SECTOR_BYTES}, the file has ${this.#file.length}`,
          { file: this.#file.path, offset: offset + entry * 4 },
        );
      }
    }
    return table;
  }

  #outside(what: string, offset: number): XenferryError {
    return outside(this.#file, what, offset);
  }
}

/** Null where there is none, or none that could be used. */
async function readRedundantDirectory(
  file: ByteSource,
  { redundantDirectoryOffset }: SparseHeader,
  entries: number,
): Promise<Uint32Array | null> {
  if (redundantDirectoryOffset === 0) return null;
  return await readDirectory(file, redundantDirectoryOffset, entries).catch((error) => {
    if (!isFormatError(error)) throw error;
    return null;
  });
}

async function readDirectory(file: ByteSource, sector: number, entries: number): Promise<Uint32Array> {
  const offset = sector * SECTOR_BYTES;
  if (offset === 0 || offset + entries * 4 > file.length) {
    throw outside(file, 'the grain directory', offset);
  }
  return decodeTable(await readBytes(file, offset, entries * 4), entries);
}

function decodeTable(bytes: Buffer, entries: number): Uint32Array {
  const table = new Uint32Array(entries);
  for (let i = 0; i < entries; i++) table[i] = bytes.readUInt32LE(i * 4);
  return table;
}

function outside(file: ByteSource, what: string, offset: number): XenferryError {
  return new XenferryError(
    'VMDK_TABLE_OUT_OF_RANGE',
    `${what} at byte ${offset} lies outside the file of ${file.length} bytes`,
    { file: file.path, offset },
  );
}
