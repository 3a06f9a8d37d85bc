import type { SourceFile } from '../io/source-file.js';
import { XenferryError } from '../model/errors.js';
import { SECTOR_BYTES } from '../model/units.js';
import type { SparseHeader } from './sparse-header.js';

/** A grain table entry that means "zeros" where the header's flag says so. */
const ZEROED_GRAIN = 1;
/** Tables stay where a few blocks in flight find them again; more would be memory for nothing. */
const CACHED_TABLES = 8;
/** 64 TiB with the usual grain need 8 MiB; a larger directory is not a disk's. */
const MAX_DIRECTORY_BYTES = 16 * 1024 * 1024;

/**
 * The two-level map of a sparse extent: grain directory → grain tables → grains
 * ("Virtual Disk Format 1.1", Hosted Sparse Extent Metadata). The directory is held in memory,
 * tables are read when asked for, so that the cost does not grow with the disk.
 */
export class GrainTables {
  readonly #file: SourceFile;
  readonly #header: SparseHeader;
  readonly #directory: Uint32Array;
  readonly #cache = new Map<number, Uint32Array>();

  /** Throws VMDK_TABLE_OUT_OF_RANGE or VMDK_HEADER_INVALID. */
  constructor(file: SourceFile, header: SparseHeader) {
    this.#file = file;
    this.#header = header;
    const entries = Math.ceil(header.capacitySectors / (header.grainSectors * header.entriesPerGrainTable));
    const offset = header.grainDirectoryOffset * SECTOR_BYTES;
    if (entries * 4 > MAX_DIRECTORY_BYTES) {
      throw new XenferryError(
        'VMDK_HEADER_INVALID',
        `a grain directory of ${entries} entries is not a disk's`,
        {
          file: file.path,
          offset: 44,
        },
      );
    }
    if (offset === 0 || offset + entries * 4 > file.length) {
      throw this.#outside('the grain directory', offset);
    }
    this.#directory = readTable(file, offset, entries);
  }

  get count(): number {
    return this.#directory.length;
  }

  /**
   * Table `index` as byte-free sector offsets, 0 for a grain that is not stored; null when the whole table is
   * unallocated. Each entry is checked against the file. Throws VMDK_TABLE_OUT_OF_RANGE, VMDK_GRAIN_OUT_OF_RANGE.
   */
  table(index: number): Uint32Array | null {
    const sector = this.#directory[index] ?? 0;
    if (sector === 0) return null;
    const cached = this.#cache.get(index);
    if (cached !== undefined) return cached;
    const table = this.#load(index, sector * SECTOR_BYTES);
    const oldest = this.#cache.keys().next();
    if (this.#cache.size >= CACHED_TABLES && oldest.done === false) this.#cache.delete(oldest.value);
    this.#cache.set(index, table);
    return table;
  }

  #load(index: number, offset: number): Uint32Array {
    const { entriesPerGrainTable, zeroedGrains } = this.#header;
    if (offset + entriesPerGrainTable * 4 > this.#file.length)
      throw this.#outside(`grain table ${index}`, offset);
    const table = readTable(this.#file, offset, entriesPerGrainTable);
    const lastSector = Math.ceil(this.#file.length / SECTOR_BYTES) - 1;
    for (let entry = 0; entry < table.length; entry++) {
      const sector = table[entry] ?? 0;
      if (sector === ZEROED_GRAIN && zeroedGrains) table[entry] = 0;
      else if (sector > lastSector) {
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
    return new XenferryError(
      'VMDK_TABLE_OUT_OF_RANGE',
      `${what} at byte ${offset} lies outside the file of ${this.#file.length} bytes`,
      { file: this.#file.path, offset },
    );
  }
}

function readTable(file: SourceFile, offset: number, entries: number): Uint32Array {
  const bytes = Buffer.alloc(entries * 4);
  file.readSync(bytes, offset);
  const table = new Uint32Array(entries);
  for (let i = 0; i < entries; i++) table[i] = bytes.readUInt32LE(i * 4);
  return table;
}
