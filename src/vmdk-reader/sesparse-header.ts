import { type ByteSource, readBytes } from '../io/byte-source.js';
import { XenferryError } from '../model/errors.js';
import { SECTOR_BYTES } from '../model/units.js';
import { checkCapacity, type GrainHeader } from './grain-size.js';

/**
 * VMware publishes no specification of SESparse. The facts here are those that ESXi prints into hostd.log and that
 * QEMU reads by (Sam Eiderman, "vmdk: Add read-only support for seSparse snapshots", qemu-devel, June 2019).
 */
export const SESPARSE_MAGIC = '\xbe\xba\xfe\xca\0\0\0\0';

/** The constant header: 64 bits a field, all places and sizes in sectors. */
export interface SesparseHeader extends GrainHeader {
  readonly directoryOffset: number;
  readonly directorySectors: number;
  readonly tablesOffset: number;
  readonly tablesSectors: number;
  readonly grainsOffset: number;
}

const VERSION = 0x0000_0002_0000_0001n;
const VOLATILE_MAGIC = 0xcafe_cafen;
// The only sizes that have been seen.
const GRAIN_SECTORS = 8;
export const TABLE_SECTORS = 64;

/**
 * Reads the header at the start of `file`. Rejects with VMDK_HEADER_INVALID, VMDK_TRUNCATED, or VMDK_UNSUPPORTED
 * for sizes and versions not known and for an extent whose tables are out of date.
 */
export async function readSesparseHeader(file: ByteSource): Promise<SesparseHeader> {
  const sector = await readBytes(file, 0, SECTOR_BYTES);
  const number = (offset: number): number => {
    const value = Number(sector.readBigUInt64LE(offset));
    if (!Number.isSafeInteger(value * SECTOR_BYTES)) {
      throw new XenferryError('VMDK_HEADER_INVALID', 'a place or size is out of range', {
        file: file.path,
        offset,
      });
    }
    return value;
  };
  if (sector.readBigUInt64LE(8) !== VERSION) throw unsupported(file, 8, 'of another version than 2.1');
  const header: SesparseHeader = {
    capacitySectors: number(16),
    grainSectors: number(24),
    directoryOffset: number(128),
    directorySectors: number(136),
    tablesOffset: number(144),
    tablesSectors: number(152),
    grainsOffset: number(192),
  };
  checkCapacity(header.capacitySectors, file, 16);
  if (number(40) !== 0) throw unsupported(file, 40, `with flags ${number(40)}`);
  if (header.grainSectors !== GRAIN_SECTORS) {
    throw unsupported(file, 24, `with grains of ${header.grainSectors} sectors`);
  }
  if (number(32) !== TABLE_SECTORS) {
    throw unsupported(file, 32, `with grain tables of ${number(32)} sectors`);
  }
  if (header.grainsOffset === 0) {
    throw new XenferryError('VMDK_HEADER_INVALID', 'the grains begin at the header', {
      file: file.path,
      offset: 192,
    });
  }
  await checkJournal(file, number(80) * SECTOR_BYTES);
  return header;
}

/** After an unclean end the newest tables are only in the journal. `offset`: of the volatile header. */
async function checkJournal(file: ByteSource, offset: number): Promise<void> {
  const sector = await readBytes(file, offset, SECTOR_BYTES);
  if (sector.readBigUInt64LE(0) !== VOLATILE_MAGIC) {
    throw new XenferryError('VMDK_HEADER_INVALID', 'the volatile header is not where it should be', {
      file: file.path,
      offset,
    });
  }
  if (sector.readBigUInt64LE(24) === 0n) return;
  throw new XenferryError('VMDK_UNSUPPORTED', 'the snapshot was not closed: its journal is to be replayed', {
    file: file.path,
    offset: offset + 24,
    hint: 'Start the machine on ESXi and shut it down, or consolidate its snapshots; then copy the disk again.',
  });
}

function unsupported(file: ByteSource, offset: number, what: string): XenferryError {
  return new XenferryError('VMDK_UNSUPPORTED', `a SESparse extent ${what} is not known`, {
    file: file.path,
    offset,
  });
}
