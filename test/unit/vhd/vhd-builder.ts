const SECTOR = 512;
const MIB = 1024 * 1024;
/** What stands in stored blocks where no sector was written: nobody must ever see it. */
const RUBBISH = 0xee;

export interface BuiltParent {
  readonly uuid: Buffer;
  /** The parent's name in the header. */
  readonly name: string;
  /** Paths by platform, as UTF-16LE. */
  readonly locators?: Readonly<Record<string, string>>;
}

export interface VhdOptions {
  readonly virtualBytes: number;
  readonly blockBytes?: number;
  readonly uuid?: Buffer;
  readonly creator?: string;
  /** Content by sector number; all others of a stored block are absent by its bitmap. */
  readonly sectors: ReadonlyMap<number, Buffer>;
  /** Makes the disk differencing. */
  readonly parent?: BuiltParent;
  /** Entries of the table that no block needs. */
  readonly spareEntries?: number;
  /** Bytes between the header and the table. */
  readonly batGap?: number;
}

/** Where the builder put things, in bytes. */
export interface BuiltVhd {
  readonly bytes: Buffer;
  readonly batOffset: number;
  readonly locatorsOffset: number;
  readonly footerOffset: number;
}

export function uuidOf(name: string): Buffer {
  return Buffer.alloc(16, `${name}-`);
}

/**
 * A dynamic or differencing VHD, by the book ("Virtual Hard Disk Image Format Specification" 1.0): footer copy, header,
 * table, parent locators, blocks, footer. Blocks stand in the file in reverse order.
 */
export function buildVhd(options: VhdOptions): BuiltVhd {
  const { virtualBytes, blockBytes = 2 * MIB, sectors, parent, spareEntries = 0, batGap = 0 } = options;
  const entries = Math.ceil(virtualBytes / blockBytes) + spareEntries;
  const sectorsPerBlock = blockBytes / SECTOR;
  const bitmapBytes = Math.ceil(sectorsPerBlock / 8 / SECTOR) * SECTOR;
  const batOffset = 1536 + batGap;
  const locatorsOffset = batOffset + Math.ceil((entries * 4) / SECTOR) * SECTOR;
  const locators = Object.entries(parent?.locators ?? {});
  const blocksOffset = locatorsOffset + locators.length * SECTOR;
  const stored = [...new Set([...sectors.keys()].map((sector) => Math.floor(sector / sectorsPerBlock)))];
  stored.sort((a, b) => b - a);
  const footerOffset = blocksOffset + stored.length * (bitmapBytes + blockBytes);

  const bytes = Buffer.alloc(footerOffset + SECTOR);
  const bat = bytes.subarray(batOffset, batOffset + entries * 4).fill(0xff);
  for (const [rank, block] of stored.entries()) {
    const offset = blocksOffset + rank * (bitmapBytes + blockBytes);
    bat.writeUInt32BE(offset / SECTOR, block * 4);
    bytes.fill(RUBBISH, offset + bitmapBytes, offset + bitmapBytes + blockBytes);
    for (let within = 0; within < sectorsPerBlock; within++) {
      const content = sectors.get(block * sectorsPerBlock + within);
      if (content === undefined) continue;
      const at = offset + (within >> 3);
      bytes.writeUInt8(bytes.readUInt8(at) | (0x80 >> (within & 7)), at);
      content.copy(bytes, offset + bitmapBytes + within * SECTOR);
    }
  }

  const header = Buffer.alloc(1024);
  header.write('cxsparse', 0, 'latin1');
  header.writeBigUInt64BE(0xffff_ffff_ffff_ffffn, 8);
  header.writeBigUInt64BE(BigInt(batOffset), 16);
  header.writeUInt32BE(0x0001_0000, 24);
  header.writeUInt32BE(entries, 28);
  header.writeUInt32BE(blockBytes, 32);
  if (parent !== undefined) {
    parent.uuid.copy(header, 40);
    Buffer.from(parent.name, 'utf16le').swap16().copy(header, 64);
  }
  for (const [index, [code, path]] of locators.entries()) {
    const text = Buffer.from(path, 'utf16le');
    const offset = locatorsOffset + index * SECTOR;
    header.write(code, 576 + index * 24, 'latin1');
    header.writeUInt32BE(SECTOR, 580 + index * 24);
    header.writeUInt32BE(text.length, 584 + index * 24);
    header.writeBigUInt64BE(BigInt(offset), 592 + index * 24);
    text.copy(bytes, offset);
  }
  seal(header, 36).copy(bytes, 512);
  const footer = buildFooter(options, parent === undefined ? 3 : 4);
  footer.copy(bytes, 0);
  footer.copy(bytes, footerOffset);
  return { bytes, batOffset, locatorsOffset, footerOffset };
}

/** A footer with a geometry so large that the size alone counts. */
function buildFooter(
  { virtualBytes, uuid = uuidOf('disk'), creator = 'test' }: VhdOptions,
  type: number,
): Buffer {
  const footer = Buffer.alloc(SECTOR);
  footer.write('conectix', 0, 'latin1');
  footer.writeUInt32BE(2, 8);
  footer.writeUInt32BE(0x0001_0000, 12);
  footer.writeBigUInt64BE(512n, 16);
  footer.writeUInt32BE(1, 24);
  footer.write(creator, 28, 'latin1');
  footer.writeBigUInt64BE(BigInt(virtualBytes), 40);
  footer.writeBigUInt64BE(BigInt(virtualBytes), 48);
  footer.writeUInt32BE(type, 60);
  uuid.copy(footer, 68);
  return seal(footer, 64);
}

/** Writes the checksum of a structure to `offset`. */
export function seal(structure: Buffer, offset: number): Buffer {
  structure.writeUInt32BE(0, offset);
  const sum = structure.reduce((total, byte) => total + byte, 0);
  structure.writeUInt32BE(~sum >>> 0, offset);
  return structure;
}

/** What a guest reads: `below` with the sectors written over it. */
export function paint(below: Buffer, sectors: ReadonlyMap<number, Buffer>): Buffer {
  const disk = Buffer.from(below);
  for (const [sector, content] of sectors) content.copy(disk, sector * SECTOR);
  return disk;
}

/** The same bytes in all of a sector for each number, other ones for each `seed`. */
export function sectorsOf(seed: number, ...numbers: readonly number[]): Map<number, Buffer> {
  return new Map(
    numbers.map((sector) => [sector, Buffer.alloc(SECTOR, ((seed * 31 + sector * 7) % 200) + 1)]),
  );
}
