import { SourceFile } from '../io/source-file.js';
import { XenferryError } from '../model/errors.js';
import { BLOCK_BYTES, SECTOR_BYTES } from '../model/units.js';
import { vhdChecksum } from './checksum.js';
import {
  BLOCK_BITMAP_BYTES,
  DYNAMIC_HEADER_BYTES,
  DYNAMIC_HEADER_OFFSET,
  FOOTER_BYTES,
  UNUSED_BAT_ENTRY,
} from './layout.js';

/** A dynamic VHD opened for reading: footer, header and BAT, not yet judged (see `checkVhd`). */
export interface DynamicVhd {
  readonly file: SourceFile;
  readonly footer: Buffer;
  /** Bytes 0 to 511 of the file. */
  readonly footerCopy: Buffer;
  readonly header: Buffer;
  readonly virtualBytes: number;
  readonly batOffset: number;
  /** Sector of each block's bitmap, UNUSED_BAT_ENTRY for a block that is not stored. */
  readonly bat: Uint32Array;
}

/** 2040 GiB in 2 MiB blocks is about a million; a BAT far above is not one of ours or XenServer's. */
const MAX_BAT_ENTRIES = 2 ** 22;

/** Opens a dynamic VHD. Throws SOURCE_*, or VHD_INVALID when it is no dynamic VHD at all. */
export function openDynamicVhd(path: string): DynamicVhd {
  const file = SourceFile.openWhole(path, 'VHD_INVALID');
  try {
    return readStructures(file);
  } catch (error) {
    file.close();
    throw error;
  }
}

function readStructures(file: SourceFile): DynamicVhd {
  if (file.length < DYNAMIC_HEADER_OFFSET + DYNAMIC_HEADER_BYTES + FOOTER_BYTES) {
    throw invalid(file, 0, `a file of ${file.length} bytes is no VHD`);
  }
  const footer = readBytes(file, file.length - FOOTER_BYTES, FOOTER_BYTES);
  if (footer.toString('latin1', 0, 8) !== 'conectix') {
    throw invalid(file, file.length - FOOTER_BYTES, 'no VHD footer at the end');
  }
  const type = footer.readUInt32BE(60);
  if (type !== 3) throw invalid(file, file.length - FOOTER_BYTES + 60, `disk type ${type} is not dynamic`);
  const header = readBytes(file, DYNAMIC_HEADER_OFFSET, DYNAMIC_HEADER_BYTES);
  if (header.toString('latin1', 0, 8) !== 'cxsparse') {
    throw invalid(file, DYNAMIC_HEADER_OFFSET, 'no dynamic disk header');
  }
  const entries = header.readUInt32BE(28);
  const batOffset = Number(header.readBigUInt64BE(16));
  if (entries > MAX_BAT_ENTRIES || batOffset + entries * 4 > file.length) {
    throw invalid(file, DYNAMIC_HEADER_OFFSET + 16, 'the block allocation table lies outside the file');
  }
  const batBytes = readBytes(file, batOffset, entries * 4);
  const bat = new Uint32Array(entries);
  for (let block = 0; block < entries; block++) bat[block] = batBytes.readUInt32BE(block * 4);
  return {
    file,
    footer,
    footerCopy: readBytes(file, 0, FOOTER_BYTES),
    header,
    virtualBytes: Number(footer.readBigUInt64BE(48)),
    batOffset,
    bat,
  };
}

/** Fills `target` with the 2 MiB of `block`; false, with `target` untouched, when the block is not stored. */
export async function readVhdBlock(vhd: DynamicVhd, block: number, target: Buffer): Promise<boolean> {
  const sector = vhd.bat[block] ?? UNUSED_BAT_ENTRY;
  if (sector === UNUSED_BAT_ENTRY) return false;
  await vhd.file.read(target, 0, BLOCK_BYTES, sector * SECTOR_BYTES + BLOCK_BITMAP_BYTES);
  return true;
}

/** Whether the big-endian checksum at `offset` fits the structure. */
export function checksumFits(structure: Buffer, offset: number): boolean {
  const copy = Buffer.from(structure);
  copy.writeUInt32BE(0, offset);
  return vhdChecksum(copy) === structure.readUInt32BE(offset);
}

export function readBytes(file: SourceFile, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  file.readSync(bytes, offset);
  return bytes;
}

function invalid(file: SourceFile, offset: number, message: string): XenferryError {
  return new XenferryError('VHD_INVALID', message, { file: file.path, offset });
}
