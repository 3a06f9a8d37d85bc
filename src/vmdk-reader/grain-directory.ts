import { type ByteSource, readBytes } from '../io/byte-source.js';
import { XenferryError } from '../model/errors.js';
import { SECTOR_BYTES } from '../model/units.js';

/**
 * The grain directory of a hosted or COWD extent: 32 bits for the first sector of each table, 0 where there is
 * none ("Virtual Disk Format 1.1", Grain Directory). Rejects with VMDK_TABLE_OUT_OF_RANGE.
 */
export async function readDirectory(
  file: ByteSource,
  sector: number,
  entries: number,
  tableBytes: number,
): Promise<Uint32Array> {
  const bytes = await readDirectoryBytes(file, sector, entries * 4);
  const tables = Uint32Array.from({ length: entries }, (_, i) => bytes.readUInt32LE(i * 4));
  checkRoom(file, tables, tableBytes, sector * SECTOR_BYTES);
  return tables;
}

/** The bytes of a directory that begins at `sector`. Rejects with VMDK_TABLE_OUT_OF_RANGE. */
export async function readDirectoryBytes(file: ByteSource, sector: number, length: number): Promise<Buffer> {
  const offset = sector * SECTOR_BYTES;
  if (offset === 0 || offset + length > file.length) throw tableOutside(file, 'the grain directory', offset);
  return await readBytes(file, offset, length);
}

/**
 * Refuses a directory with more tables than the file has room for: tables that lie on each other would make a small
 * file take hours to read. Throws VMDK_TABLE_OUT_OF_RANGE.
 */
export function checkRoom(file: ByteSource, tables: Uint32Array, tableBytes: number, offset: number): void {
  const count = tables.reduce((sum, sector) => (sector === 0 ? sum : sum + 1), 0);
  // The last table may be shorter.
  if ((count - 1) * tableBytes <= file.length) return;
  throw new XenferryError(
    'VMDK_TABLE_OUT_OF_RANGE',
    `the grain directory names ${count} tables, more than a file of ${file.length} bytes can hold`,
    { file: file.path, offset },
  );
}

export function tableOutside(file: ByteSource, what: string, offset: number): XenferryError {
  return new XenferryError(
    'VMDK_TABLE_OUT_OF_RANGE',
    `${what} at byte ${offset} lies outside the file of ${file.length} bytes`,
    { file: file.path, offset },
  );
}
