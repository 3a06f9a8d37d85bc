import { entries64, SECTOR, SectorFile, times } from './sector-file.js';

export interface SesparseOptions {
  readonly capacitySectors: number;
  /** In the order in which they stand in the file; `unmapped` and `zeros` are entries without data. */
  readonly grains: ReadonlyMap<number, Buffer | 'unmapped' | 'zeros'>;
}

/** Where the builder put things, in bytes. */
export interface BuiltSesparse {
  readonly bytes: Buffer;
  readonly volatileOffset: number;
  readonly directoryOffset: number;
  readonly tablesOffset: number;
}

const ENTRIES = 4096;
const GRAIN_SECTORS = 8;
const TABLE_SECTORS = 64;

/**
 * A SESparse extent with the parts that ESXi lists in hostd.log: constant and volatile header, journal, directory,
 * tables, free bitmap, back map, grains. Tables are taken from their area as their first grain is written.
 */
export function buildSesparse({ capacitySectors, grains }: SesparseOptions): BuiltSesparse {
  const tables = Math.ceil(capacitySectors / (GRAIN_SECTORS * ENTRIES));
  const directorySectors = Math.ceil((tables * 8) / SECTOR);
  const order = [...new Set([...grains.keys()].map((grain) => Math.floor(grain / ENTRIES)))];
  const areas: Array<readonly [offset: bigint, sectors: bigint]> = [];
  let next = 1;
  const area = (sectors: number): number => {
    areas.push([BigInt(next), BigInt(sectors)]);
    next += sectors;
    return next - sectors;
  };
  const volatile = area(1);
  area(2);
  area(8);
  const directoryAt = area(directorySectors);
  const tablesAt = area(tables * TABLE_SECTORS);
  area(1);
  area(1);
  area(grains.size * GRAIN_SECTORS);

  const header = Buffer.alloc(SECTOR);
  const [version, flags] = [0x0000_0002_0000_0001n, 0n];
  const sizes = [BigInt(capacitySectors), BigInt(GRAIN_SECTORS), BigInt(TABLE_SECTORS)];
  entries64([0xcafe_baben, version, ...sizes, flags, 0n, 0n, 0n, 0n, ...areas.flat()]).copy(header);
  const volatileHeader = Buffer.alloc(SECTOR);
  entries64([0xcafe_cafen, BigInt(order.length), 0n, 0n]).copy(volatileHeader);

  const entries = new Map<number, bigint>();
  const stored: Buffer[] = [];
  for (const [grain, content] of grains) {
    if (content === 'unmapped') entries.set(grain, 1n << 60n);
    else if (content === 'zeros') entries.set(grain, 2n << 60n);
    else entries.set(grain, allocated(BigInt(stored.push(content) - 1)));
  }
  const directory = times(tables, (table) => {
    const number = order.indexOf(table);
    return number < 0 ? 0n : (1n << 60n) | BigInt(number);
  });
  const file = new SectorFile();
  file.append(header);
  file.append(volatileHeader);
  file.append(Buffer.alloc(10 * SECTOR));
  file.append(entries64(directory));
  for (const table of times(tables, (index) => order[index])) {
    const first = table === undefined ? Number.NaN : table * ENTRIES;
    file.append(entries64(times(ENTRIES, (i) => entries.get(first + i) ?? 0n)));
  }
  file.append(Buffer.alloc(2 * SECTOR));
  for (const grain of stored) file.append(grain);
  return {
    bytes: file.bytes,
    volatileOffset: volatile * SECTOR,
    directoryOffset: directoryAt * SECTOR,
    tablesOffset: tablesAt * SECTOR,
  };
}

/** The entry of the grain that stands `number` grains into the grain area. */
function allocated(number: bigint): bigint {
  return (3n << 60n) | ((number & 0xfffn) << 48n) | (number >> 12n);
}
