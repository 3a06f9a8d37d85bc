import { type ByteSource, readBytes } from '../io/byte-source.js';
import { XenferryError } from '../model/errors.js';
import { SECTOR_BYTES } from '../model/units.js';
import { checkCapacity, checkGrain, type GrainHeader } from './grain-size.js';

/** Header of a hosted sparse extent: "Virtual Disk Format 1.1", Hosted Sparse Extent Header. */
export interface SparseHeader extends GrainHeader {
  readonly version: number;
  /** Sectors; 0 when the descriptor is not embedded. */
  readonly descriptorOffset: number;
  readonly descriptorSectors: number;
  readonly entriesPerGrainTable: number;
  /** Sectors. */
  readonly grainDirectoryOffset: number;
  /** Sectors; 0 without a redundant grain directory. */
  readonly redundantDirectoryOffset: number;
  /** Grains are deflated. */
  readonly compressed: boolean;
  /** Each grain is preceded by a marker with its LBA and size. */
  readonly markers: boolean;
  /** A grain table entry of 1 means a grain of zeros. */
  readonly zeroedGrains: boolean;
}

export const SPARSE_MAGIC = 'KDMV';

const MAX_GRAIN_TABLE_ENTRIES = 65_536;
/** Value of the grain directory offset when the directory stands at the end, in a footer. */
const DIRECTORY_AT_END = 0xffff_ffff_ffff_ffffn;
const FLAG_REDUNDANT_TABLES = 1 << 1;
const FLAG_ZEROED_GRAINS = 1 << 2;
const FLAG_COMPRESSED = 1 << 16;
const FLAG_MARKERS = 1 << 17;
const COMPRESSION_DEFLATE = 1;
/** Footer marker, footer and end-of-stream marker, one sector each, end the stream. */
const FOOTER_FROM_END = 2 * SECTOR_BYTES;

/** Reads the header at the start of `file`, or the footer it points to. Throws VMDK_* with file and offset. */
export async function readSparseHeader(file: ByteSource): Promise<SparseHeader> {
  const sector = await readBytes(file, 0, SECTOR_BYTES);
  if (sector.readBigUInt64LE(56) !== DIRECTORY_AT_END) return parseSparseHeader(sector, file, 0);
  const footerOffset = file.length - FOOTER_FROM_END;
  if (footerOffset <= 0) throw footerMissing(file, file.length);
  const footer = await readBytes(file, footerOffset, SECTOR_BYTES);
  if (footer.toString('latin1', 0, 4) !== SPARSE_MAGIC || footer.readBigUInt64LE(56) === DIRECTORY_AT_END) {
    throw footerMissing(file, footerOffset);
  }
  return parseSparseHeader(footer, file, footerOffset);
}

function footerMissing(file: ByteSource, offset: number): XenferryError {
  return new XenferryError('VMDK_TRUNCATED', 'the stream ends without its footer: it was cut off', {
    file: file.path,
    offset,
  });
}

function parseSparseHeader(sector: Buffer, file: ByteSource, at: number): SparseHeader {
  const flags = sector.readUInt32LE(8);
  const number = (offset: number, what: string): number => {
    const value = Number(sector.readBigUInt64LE(offset));
    if (!Number.isSafeInteger(value)) throw invalid(file, at + offset, `${what} is out of range`);
    return value;
  };
  const header: SparseHeader = {
    version: sector.readUInt32LE(4),
    capacitySectors: number(12, 'the capacity'),
    grainSectors: number(20, 'the grain size'),
    descriptorOffset: number(28, 'the descriptor offset'),
    descriptorSectors: number(36, 'the descriptor size'),
    entriesPerGrainTable: sector.readUInt32LE(44),
    grainDirectoryOffset: number(56, 'the grain directory offset'),
    redundantDirectoryOffset:
      (flags & FLAG_REDUNDANT_TABLES) === 0 ? 0 : number(48, 'the redundant grain directory offset'),
    compressed: (flags & FLAG_COMPRESSED) !== 0,
    markers: (flags & FLAG_MARKERS) !== 0,
    zeroedGrains: (flags & FLAG_ZEROED_GRAINS) !== 0,
  };
  checkHeader(header, sector.readUInt16LE(77), file, at);
  return header;
}

function checkHeader(header: SparseHeader, compression: number, file: ByteSource, at: number): void {
  const { version, grainSectors, capacitySectors, entriesPerGrainTable } = header;
  if (version < 1 || version > 3) {
    throw new XenferryError('VMDK_UNSUPPORTED', `sparse extent version ${version} is not known`, {
      file: file.path,
      offset: at + 4,
    });
  }
  checkCapacity(capacitySectors, file, at + 12);
  checkGrain(grainSectors, file, at + 20);
  if (entriesPerGrainTable === 0 || entriesPerGrainTable > MAX_GRAIN_TABLE_ENTRIES) {
    throw invalid(file, at + 44, `${entriesPerGrainTable} entries per grain table are out of range`);
  }
  if (header.compressed && compression !== COMPRESSION_DEFLATE) {
    throw new XenferryError('VMDK_UNSUPPORTED', `compression algorithm ${compression} is not known`, {
      file: file.path,
      offset: at + 77,
    });
  }
}

function invalid(file: ByteSource, offset: number, message: string): XenferryError {
  return new XenferryError('VMDK_HEADER_INVALID', message, { file: file.path, offset });
}
