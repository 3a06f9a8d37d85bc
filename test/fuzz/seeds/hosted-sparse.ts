import { deflateSync } from 'node:zlib';
import { SECTOR_BYTES } from '../../../src/model/units.js';

export interface HostedSparse {
  readonly capacitySectors: number;
  readonly grainSectors?: number;
  readonly entriesPerTable?: number;
  /** Whole sectors; none in an extent of a split disk. */
  readonly descriptor?: Buffer;
  /** Content by grain number; grains of one table are stored in order. */
  readonly grains: ReadonlyMap<number, Buffer>;
  /** Grains of zeros that the tables only mention. */
  readonly zeroedGrains?: readonly number[];
  /** A second directory with tables of its own. */
  readonly redundant?: boolean;
  /** Grains are deflated and have no markers before them. */
  readonly compressed?: boolean;
}

/**
 * A hosted sparse extent with its directory at the start ("Virtual Disk Format 1.1", Hosted Sparse Extent Metadata).
 * Tables without a grain are left out, so that terabytes take kilobytes.
 */
export function buildHostedSparse(extent: HostedSparse): Buffer {
  const { capacitySectors, grainSectors = 128, entriesPerTable = 512, redundant = false } = extent;
  const descriptor = extent.descriptor ?? Buffer.alloc(0);
  const file = new SectorFile();
  file.append(Buffer.alloc(SECTOR_BYTES));
  const descriptorSector = file.append(descriptor);
  const entries = Math.ceil(capacitySectors / (grainSectors * entriesPerTable));
  const places = placesOf(extent, file);
  const redundantSector = redundant ? appendDirectory(file, entries, entriesPerTable, places) : 0;
  const directorySector = appendDirectory(file, entries, entriesPerTable, places);

  const header = Buffer.alloc(SECTOR_BYTES);
  header.write('KDMV', 0, 'latin1');
  header.writeUInt32LE(1, 4);
  header.writeUInt32LE(flagsOf(extent), 8);
  header.writeBigUInt64LE(BigInt(capacitySectors), 12);
  header.writeBigUInt64LE(BigInt(grainSectors), 20);
  header.writeBigUInt64LE(BigInt(descriptor.length === 0 ? 0 : descriptorSector), 28);
  header.writeBigUInt64LE(BigInt(descriptor.length / SECTOR_BYTES), 36);
  header.writeUInt32LE(entriesPerTable, 44);
  header.writeBigUInt64LE(BigInt(redundantSector), 48);
  header.writeBigUInt64LE(BigInt(directorySector), 56);
  header.write('\n \r\n', 73, 'latin1');
  header.writeUInt16LE(extent.compressed === true ? 1 : 0, 77);
  return file.bytes(header);
}

function flagsOf({ redundant, zeroedGrains, compressed }: HostedSparse): number {
  const flags = [true, redundant === true, zeroedGrains !== undefined];
  return flags.reduce((sum, set, bit) => sum + (set ? 1 << bit : 0), compressed === true ? 1 << 16 : 0);
}

/** Stores the grains; table entries by grain number. */
function placesOf(
  { grains, zeroedGrains = [], compressed }: HostedSparse,
  file: SectorFile,
): Map<number, number> {
  const places = new Map(zeroedGrains.map((grain) => [grain, 1]));
  for (const [grain, content] of grains) {
    places.set(grain, file.append(compressed === true ? deflateSync(content) : content));
  }
  return places;
}

/** The tables, then the directory; gives the directory's sector. */
function appendDirectory(
  file: SectorFile,
  entries: number,
  entriesPerTable: number,
  places: ReadonlyMap<number, number>,
): number {
  const tables = new Map<number, Buffer>();
  for (const [grain, sector] of places) {
    const index = Math.floor(grain / entriesPerTable);
    const table = tables.get(index) ?? Buffer.alloc(entriesPerTable * 4);
    tables.set(index, table);
    table.writeUInt32LE(sector, (grain % entriesPerTable) * 4);
  }
  const directory = Buffer.alloc(entries * 4);
  for (const [index, table] of tables) directory.writeUInt32LE(file.append(table), index * 4);
  return file.append(directory);
}

/** A file that grows by whole sectors. */
class SectorFile {
  readonly #parts: Buffer[] = [];
  #sectors = 0;

  /** Gives the sector at which the padded bytes stand. */
  append(bytes: Buffer): number {
    const start = this.#sectors;
    const sectors = Math.ceil(bytes.length / SECTOR_BYTES);
    this.#parts.push(Buffer.concat([bytes, Buffer.alloc(sectors * SECTOR_BYTES - bytes.length)]));
    this.#sectors += sectors;
    return start;
  }

  /** The whole file with `header` in place of its first sector. */
  bytes(header: Buffer): Buffer {
    const [, ...rest] = this.#parts;
    return Buffer.concat([header, ...rest]);
  }
}
