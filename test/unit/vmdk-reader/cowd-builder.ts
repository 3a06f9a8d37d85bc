import { entries32, SECTOR, SectorFile, times } from './sector-file.js';

export interface CowdOptions {
  readonly capacitySectors: number;
  readonly grainSectors?: number;
  /** In the order in which they stand in the file. */
  readonly grains: ReadonlyMap<number, Buffer>;
}

/** Where the builder put things, in bytes. */
export interface BuiltCowd {
  readonly bytes: Buffer;
  readonly directoryOffset: number;
  /** 0 where a table has no grain and is left out. */
  readonly tableOffsets: readonly number[];
}

const ENTRIES = 4096;

/**
 * A COWD extent as ESX writes it ("Virtual Disk Format 1.1", ESX Server Sparse Extents): a header of 4 sectors, the
 * directory, then each table as its first grain is written.
 */
export function buildCowd({ capacitySectors, grainSectors = 1, grains }: CowdOptions): BuiltCowd {
  const tables = Math.ceil(capacitySectors / (grainSectors * ENTRIES));
  const directorySectors = Math.ceil((tables * 4) / SECTOR);
  let next = 4 + directorySectors;
  const directory = times(tables, () => 0);
  const order: Array<{ readonly table: number } | { readonly grain: Buffer }> = [];
  const sectors = new Map<number, number>();
  for (const [number, grain] of grains) {
    const table = Math.floor(number / ENTRIES);
    if (directory[table] === 0) {
      directory[table] = next;
      next += (ENTRIES * 4) / SECTOR;
      order.push({ table });
    }
    sectors.set(number, next);
    next += grainSectors;
    order.push({ grain });
  }
  const header = Buffer.alloc(4 * SECTOR);
  header.write('COWD', 0, 'latin1');
  const fields = [1, 3, capacitySectors, grainSectors, 4, tables, next];
  for (const [index, value] of fields.entries()) header.writeUInt32LE(value, 4 + index * 4);

  const file = new SectorFile();
  file.append(header);
  file.append(entries32(directory));
  for (const part of order) {
    if ('grain' in part) file.append(part.grain);
    else file.append(entries32(times(ENTRIES, (i) => sectors.get(part.table * ENTRIES + i) ?? 0)));
  }
  return {
    bytes: file.bytes,
    directoryOffset: 4 * SECTOR,
    tableOffsets: directory.map((sector) => sector * SECTOR),
  };
}
