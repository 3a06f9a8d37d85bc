import type { SourceFile } from '../io/source-file.js';
import { XenferryError } from '../model/errors.js';
import { SECTOR_BYTES } from '../model/units.js';
import { CompressedGrains } from './compressed-grains.js';
import type { Extent, MarkRange } from './extent.js';
import { GrainTables } from './grain-tables.js';
import type { ReadTools } from './read-tools.js';
import { readSparseHeader, type SparseHeader } from './sparse-header.js';

/** A stored grain's part of a read: where in the file, where in the target, how much. */
interface GrainRead {
  /** Byte offset of the grain in the file. */
  readonly grain: number;
  /** Byte offset in the grain. */
  readonly within: number;
  readonly at: number;
  readonly length: number;
  /** Byte offset of the grain in the extent. */
  readonly position: number;
}

/** A hosted sparse extent, plain or stream-optimized. */
export class SparseExtent implements Extent {
  readonly header: SparseHeader;
  readonly byteLength: number;
  readonly exactMap = true;
  readonly #file: SourceFile;
  readonly #grainBytes: number;
  readonly #tables: GrainTables;
  readonly #compressed: CompressedGrains | null;

  /** Reads header and grain directory. Throws VMDK_* with file and offset. */
  constructor(file: SourceFile) {
    this.#file = file;
    this.header = readSparseHeader(file);
    this.byteLength = this.header.capacitySectors * SECTOR_BYTES;
    this.#grainBytes = this.header.grainSectors * SECTOR_BYTES;
    this.#tables = new GrainTables(file, this.header);
    this.#compressed = this.header.compressed
      ? new CompressedGrains(file, this.#grainBytes, this.header.markers)
      : null;
  }

  async markAllocated(mark: MarkRange): Promise<void> {
    const perTable = this.header.entriesPerGrainTable;
    for (let index = 0; index < this.#tables.count; index++) {
      const table = this.#tables.table(index);
      if (table === null) continue;
      for (let entry = 0; entry < perTable; entry++) {
        if (table[entry] === 0) continue;
        let end = entry + 1;
        while (end < perTable && table[end] !== 0) end++;
        const base = index * perTable;
        const start = (base + entry) * this.#grainBytes;
        if (start < this.byteLength) mark(start, Math.min((base + end) * this.#grainBytes, this.byteLength));
        entry = end;
      }
    }
  }

  async read(target: Buffer, at: number, offset: number, length: number, tools: ReadTools): Promise<void> {
    const grains = this.#storedGrains(target, at, offset, length);
    if (grains.length === 0) return;
    if (this.#compressed === null) await this.#readPlain(target, grains);
    else await this.#compressed.read(target, grains, at + length, tools);
  }

  close(): void {
    this.#file.close();
  }

  /** The stored grains of a range, ascending; the target is zeroed where none is stored. */
  #storedGrains(target: Buffer, at: number, offset: number, length: number): GrainRead[] {
    const grains: GrainRead[] = [];
    const end = offset + length;
    for (let position = offset; position < end; ) {
      const index = Math.floor(position / this.#grainBytes);
      const within = position - index * this.#grainBytes;
      const part = Math.min(this.#grainBytes - within, end - position);
      const sector = this.#grainSector(index);
      const partAt = at + position - offset;
      if (sector === 0) target.fill(0, partAt, partAt + part);
      else {
        const grain = sector * SECTOR_BYTES;
        grains.push({ grain, within, at: partAt, length: part, position: index * this.#grainBytes });
      }
      position += part;
    }
    return grains;
  }

  #grainSector(index: number): number {
    const perTable = this.header.entriesPerGrainTable;
    return this.#tables.table(Math.floor(index / perTable))?.[index % perTable] ?? 0;
  }

  /** Neighbouring grains that also lie side by side in the file are read at once. */
  async #readPlain(target: Buffer, grains: readonly GrainRead[]): Promise<void> {
    const reads: Promise<void>[] = [];
    for (let first = 0; first < grains.length; ) {
      const run = grains[first];
      if (run === undefined) break;
      const start = run.grain + run.within;
      let length = run.length;
      let next = first + 1;
      for (let grain = grains[next]; grain !== undefined; grain = grains[++next]) {
        if (grain.at !== run.at + length || grain.grain + grain.within !== start + length) break;
        length += grain.length;
      }
      this.#checkStored(start, length);
      reads.push(this.#file.read(target, run.at, length, start));
      first = next;
    }
    await Promise.all(reads);
  }

  #checkStored(start: number, length: number): void {
    if (start + length <= this.#file.length) return;
    throw new XenferryError('VMDK_TRUNCATED', `a grain at byte ${start} runs past the end of the file`, {
      file: this.#file.path,
      offset: start,
    });
  }
}
