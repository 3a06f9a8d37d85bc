import { entries32, type Grains, SECTOR, SectorFile, times } from './sector-file.js';

export interface SparseOptions {
  readonly capacitySectors: number;
  readonly grainSectors?: number;
  readonly entriesPerTable?: number;
  /** In the order in which they stand in the file. */
  readonly grains: Grains;
  /** Text of the embedded descriptor; without it the file is one extent of several. */
  readonly descriptor?: string;
  /** A second directory with tables of its own. */
  readonly redundant?: boolean;
  /** Tables without a grain are left out, and their directory entries are 0. */
  readonly lazyTables?: boolean;
}

/** Where the builder put things, in bytes. */
export interface BuiltSparse {
  readonly bytes: Buffer;
  readonly directoryOffset: number;
  readonly tableOffsets: readonly number[];
  readonly redundantDirectoryOffset: number;
}

/**
 * A hosted sparse extent as Workstation writes it, by the book ("Virtual Disk Format 1.1", Hosted Sparse Extents):
 * header, descriptor, redundant directory and tables, directory and tables, grains.
 */
export function buildSparse(options: SparseOptions): BuiltSparse {
  const { capacitySectors, grainSectors = 128, entriesPerTable = 512, grains, redundant = true } = options;
  const tables = Math.ceil(capacitySectors / (grainSectors * entriesPerTable));
  const used = (index: number) =>
    !options.lazyTables || [...grains.keys()].some((grain) => Math.floor(grain / entriesPerTable) === index);
  const tableSectors = Math.ceil((entriesPerTable * 4) / SECTOR);
  const directorySectors = Math.ceil((tables * 4) / SECTOR);
  const descriptor = Buffer.from(options.descriptor ?? '');
  const descriptorSectors = Math.ceil(descriptor.length / SECTOR);

  let next = 1 + descriptorSectors;
  const directoryOfTablesAfter = (start: number): number[] => {
    next = start + directorySectors;
    return times(tables, (index) => {
      if (!used(index)) return 0;
      next += tableSectors;
      return next - tableSectors;
    });
  };
  const redundantStart = redundant ? next : 0;
  const redundantDirectory = redundant ? directoryOfTablesAfter(next) : [];
  const start = next;
  const directory = directoryOfTablesAfter(start);

  const sectors = new Map<number, number>();
  for (const [grain, content] of grains) {
    sectors.set(grain, content === 'zeros' ? 1 : next);
    if (content !== 'zeros') next += grainSectors;
  }
  const file = new SectorFile();
  const header = Buffer.alloc(SECTOR);
  const zeroed = [...grains.values()].includes('zeros');
  header.write('KDMV', 0, 'latin1');
  header.writeUInt32LE(zeroed ? 2 : 1, 4);
  header.writeUInt32LE((1 << 0) | (redundant ? 1 << 1 : 0) | (zeroed ? 1 << 2 : 0), 8);
  header.writeBigUInt64LE(BigInt(capacitySectors), 12);
  header.writeBigUInt64LE(BigInt(grainSectors), 20);
  header.writeBigUInt64LE(descriptorSectors === 0 ? 0n : 1n, 28);
  header.writeBigUInt64LE(BigInt(descriptorSectors), 36);
  header.writeUInt32LE(entriesPerTable, 44);
  header.writeBigUInt64LE(BigInt(redundantStart), 48);
  header.writeBigUInt64LE(BigInt(start), 56);
  header.write('\n \r\n', 73, 'latin1');
  file.append(header);
  file.append(descriptor);
  for (const copy of redundant ? [redundantDirectory, directory] : [directory]) {
    file.append(entries32(copy));
    for (const [index, sector] of copy.entries()) {
      const entry = (i: number) => sectors.get(index * entriesPerTable + i) ?? 0;
      if (sector !== 0) file.append(entries32(times(entriesPerTable, entry)));
    }
  }
  for (const content of grains.values()) if (content !== 'zeros') file.append(content);
  return {
    bytes: file.bytes,
    directoryOffset: start * SECTOR,
    tableOffsets: directory.map((sector) => sector * SECTOR),
    redundantDirectoryOffset: redundantStart * SECTOR,
  };
}
