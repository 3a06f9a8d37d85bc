import { deflateSync } from 'node:zlib';
import { buildDescriptor } from './descriptor-builder.js';

const SECTOR = 512;
const DIRECTORY_AT_END = 0xffff_ffff_ffff_ffffn;

export interface StreamOptions {
  readonly capacitySectors: number;
  readonly grainSectors?: number;
  readonly entriesPerTable?: number;
  /** Content by grain number; a Buffer is deflated, `stored` goes into the file as it is. */
  readonly grains: ReadonlyMap<number, Buffer | { readonly stored: Buffer }>;
  readonly version?: number;
  /** Without them there is no footer either: the header tells where the directory is. */
  readonly markers?: boolean;
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
  const { capacitySectors, grainSectors = 128, entriesPerTable = 512, version = 3, markers = true } = options;
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
    sector.writeUInt32LE((1 << 0) | (1 << 16) | (markers ? 1 << 17 : 0), 8);
    sector.writeBigUInt64LE(BigInt(capacitySectors), 12);
    sector.writeBigUInt64LE(BigInt(grainSectors), 20);
    sector.writeBigUInt64LE(1n, 28);
    sector.writeBigUInt64LE(BigInt(descriptor.length / SECTOR), 36);
    sector.writeUInt32LE(entriesPerTable, 44);
    sector.writeBigUInt64LE(directory, 56);
    sector.writeBigUInt64LE(BigInt(1 + descriptor.length / SECTOR), 64);
    sector.write('\n \r\n', 73, 'latin1');
    sector.writeUInt16LE(1, 77);
    return sector;
  };
  const appendMarker = (sectors: number, type: number): void => {
    if (!markers) return;
    const sector = Buffer.alloc(SECTOR);
    sector.writeBigUInt64LE(BigInt(sectors), 0);
    sector.writeUInt32LE(type, 12);
    append(sector);
  };

  append(header(DIRECTORY_AT_END));
  append(descriptor);
  const grainOffsets = new Map<number, number>();
  for (const [grain, content] of [...options.grains].sort(([a], [b]) => a - b)) {
    const data = Buffer.isBuffer(content) ? deflateSync(content) : content.stored;
    const head = Buffer.alloc(12);
    head.writeBigUInt64LE(BigInt(grain * grainSectors), 0);
    head.writeUInt32LE(data.length, 8);
    grainOffsets.set(grain, append(markers ? Buffer.concat([head, data]) : data));
  }
  const grainCount = Math.ceil(capacitySectors / grainSectors);
  const tables = Math.ceil(grainCount / entriesPerTable);
  const directory = Buffer.alloc(tables * 4);
  let tableOffset = 0;
  for (let index = 0; index < tables; index++) {
    appendMarker(Math.ceil((entriesPerTable * 4) / SECTOR), 1);
    const table = Buffer.alloc(entriesPerTable * 4);
    for (let entry = 0; entry < entriesPerTable; entry++) {
      table.writeUInt32LE((grainOffsets.get(index * entriesPerTable + entry) ?? 0) / SECTOR, entry * 4);
    }
    const offset = append(table);
    if (index === 0) tableOffset = offset;
    directory.writeUInt32LE(offset / SECTOR, index * 4);
  }
  appendMarker(Math.ceil(directory.length / SECTOR), 2);
  const directoryOffset = append(directory);
  const located = header(BigInt(directoryOffset / SECTOR));
  if (markers) {
    appendMarker(1, 3);
    append(located);
    appendMarker(0, 0);
  } else parts[0] = located;
  return { bytes: Buffer.concat(parts), grainOffsets, directoryOffset, tableOffset };
}

/** An embedded or separate descriptor, padded to a sector. */
export function descriptorText(createType: string, ...extents: readonly string[]): Buffer {
  const text = buildDescriptor({ createType, extents });
  const padded = Buffer.alloc(Math.ceil(text.length / SECTOR) * SECTOR);
  padded.write(text);
  return padded;
}
