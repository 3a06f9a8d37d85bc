import { deflateSync } from 'node:zlib';

const SECTOR = 512;
const DIRECTORY_AT_END = 0xffff_ffff_ffff_ffffn;

export interface StreamOptions {
  readonly capacitySectors: number;
  readonly grainSectors?: number;
  readonly entriesPerTable?: number;
  /** Content by grain number; a Buffer is deflated, `stored` goes into the file as it is. */
  readonly grains: ReadonlyMap<number, Buffer | { readonly stored: Buffer }>;
  readonly version?: number;
}

/** Where the builder put things, in bytes. */
export interface BuiltStream {
  readonly bytes: Buffer;
  readonly grainOffsets: ReadonlyMap<number, number>;
  readonly directoryOffset: number;
  readonly tableOffset: number;
}

/**
 * A streamOptimized VMDK as ESXi writes it, by the book ("Virtual Disk Format 1.1", Stream-Optimized Compressed
 * Sparse Extents): header without a directory, grains with markers, table, directory, footer, end of stream.
 */
export function buildStreamOptimized(options: StreamOptions): BuiltStream {
  const { capacitySectors, grainSectors = 128, entriesPerTable = 512, version = 3 } = options;
  const descriptor = descriptorText('streamOptimized', `RW ${capacitySectors} SPARSE "disk.vmdk"`);
  const parts: Buffer[] = [];
  let length = 0;
  const append = (bytes: Buffer): number => {
    const offset = length;
    const padded = Buffer.alloc(Math.ceil(bytes.length / SECTOR) * SECTOR);
    bytes.copy(padded);
    parts.push(padded);
    length += padded.length;
    return offset;
  };
  const header = (directory: bigint) => {
    const sector = Buffer.alloc(SECTOR);
    sector.write('KDMV', 0, 'latin1');
    sector.writeUInt32LE(version, 4);
    sector.writeUInt32LE((1 << 0) | (1 << 16) | (1 << 17), 8);
    sector.writeBigUInt64LE(BigInt(capacitySectors), 12);
    sector.writeBigUInt64LE(BigInt(grainSectors), 20);
    sector.writeBigUInt64LE(1n, 28);
    sector.writeBigUInt64LE(BigInt(descriptor.length / SECTOR), 36);
    sector.writeUInt32LE(entriesPerTable, 44);
    sector.writeBigUInt64LE(directory, 56);
    sector.writeBigUInt64LE(128n, 64);
    sector.write('\n \r\n', 73, 'latin1');
    sector.writeUInt16LE(1, 77);
    return sector;
  };
  const marker = (sectors: number, type: number) => {
    const sector = Buffer.alloc(SECTOR);
    sector.writeBigUInt64LE(BigInt(sectors), 0);
    sector.writeUInt32LE(type, 12);
    return sector;
  };

  append(header(DIRECTORY_AT_END));
  append(descriptor);
  const grainOffsets = new Map<number, number>();
  for (const [grain, content] of [...options.grains].sort(([a], [b]) => a - b)) {
    const data = Buffer.isBuffer(content) ? deflateSync(content) : content.stored;
    const head = Buffer.alloc(12);
    head.writeBigUInt64LE(BigInt(grain * grainSectors), 0);
    head.writeUInt32LE(data.length, 8);
    grainOffsets.set(grain, append(Buffer.concat([head, data])));
  }
  const grainCount = Math.ceil(capacitySectors / grainSectors);
  const tables = Math.ceil(grainCount / entriesPerTable);
  const directory = Buffer.alloc(tables * 4);
  let tableOffset = 0;
  for (let index = 0; index < tables; index++) {
    append(marker(Math.ceil((entriesPerTable * 4) / SECTOR), 1));
    const table = Buffer.alloc(entriesPerTable * 4);
    for (let entry = 0; entry < entriesPerTable; entry++) {
      table.writeUInt32LE((grainOffsets.get(index * entriesPerTable + entry) ?? 0) / SECTOR, entry * 4);
    }
    const offset = append(table);
    if (index === 0) tableOffset = offset;
    directory.writeUInt32LE(offset / SECTOR, index * 4);
  }
  append(marker(Math.ceil(directory.length / SECTOR), 2));
  const directoryOffset = append(directory);
  append(marker(1, 3));
  append(header(BigInt(directoryOffset / SECTOR)));
  append(marker(0, 0));
  return { bytes: Buffer.concat(parts), grainOffsets, directoryOffset, tableOffset };
}

/** An embedded or separate descriptor, padded to a sector. */
export function descriptorText(createType: string, ...extents: readonly string[]): Buffer {
  const text = [
    '# Disk DescriptorFile',
    'version=1',
    'CID=12345678',
    'parentCID=ffffffff',
    `createType="${createType}"`,
    '',
    '# Extent description',
    ...extents,
    '',
    '# The Disk Data Base',
    'ddb.adapterType = "lsilogic"',
    '',
  ].join('\n');
  const padded = Buffer.alloc(Math.ceil(text.length / SECTOR) * SECTOR);
  padded.write(text);
  return padded;
}
