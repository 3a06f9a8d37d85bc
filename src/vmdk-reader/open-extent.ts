import { basename } from 'node:path';
import type { DiskLayer } from '../disk-image/index.js';
import { type ByteSource, readBytes } from '../io/byte-source.js';
import { XenferryError } from '../model/errors.js';
import { SECTOR_BYTES } from '../model/units.js';
import { COWD_MAGIC, openCowdGrains, readCowdHeader } from './cowd-grains.js';
import type { ExtentLine } from './descriptor.js';
import { type DataRanges, FlatExtent } from './flat-extent.js';
import { GrainExtent } from './grain-extent.js';
import { CompressedGrains } from './grain-reads.js';
import type { GrainHeader } from './grain-size.js';
import { type HostedGrains, openHostedGrains } from './hosted-grains.js';
import { openSesparseGrains } from './sesparse-grains.js';
import { readSesparseHeader, SESPARSE_MAGIC } from './sesparse-header.js';
import { readSparseHeader, SPARSE_MAGIC, type SparseHeader } from './sparse-header.js';

/** An extent with its file. */
export interface OpenedExtent {
  readonly layer: DiskLayer;
  /** What was amiss so far and could be helped. */
  readonly notes: () => readonly string[];
}

/** Opens an extent that a descriptor names. Rejects with VMDK_*; `file` is the caller's to close then. */
export async function openExtent(
  line: ExtentLine,
  file: ByteSource,
  descriptorPath: string,
  dataRanges: DataRanges | undefined,
): Promise<OpenedExtent> {
  if (line.kind !== 'FLAT' && line.kind !== 'VMFS') return await openNamedSparse(line, file, descriptorPath);
  const byteLength = line.sectors * SECTOR_BYTES;
  return undamaged(new FlatExtent(file, line.offsetSectors * SECTOR_BYTES, byteLength, dataRanges));
}

/** Opens a hosted sparse extent, plain or stream-optimized. */
export async function openSparse(file: ByteSource, header: SparseHeader): Promise<OpenedExtent> {
  const hosted = await openHostedGrains(file, header);
  const { grains } = hosted;
  const compressed = header.compressed ? new CompressedGrains(file, grains.grainBytes, header.markers) : null;
  return {
    layer: new GrainExtent(file, grains, compressed),
    notes: () => damage(hosted).map((what) => `${basename(file.path)}: ${what}`),
  };
}

function damage({ grains, damagedDirectory }: HostedGrains): string[] {
  const notes = damagedDirectory ? ['the grain directory is damaged; its redundant copy was used'] : [];
  const tables = grains.damagedTables;
  return tables === 0
    ? notes
    : [...notes, `damaged grain tables: ${tables}; their redundant copies were used`];
}

/** The magic number decides, not the line: older products call COWD extents SPARSE as well. */
async function openNamedSparse(
  line: ExtentLine,
  file: ByteSource,
  descriptorPath: string,
): Promise<OpenedExtent> {
  const head = (await readBytes(file, 0, Math.min(8, file.length))).toString('latin1');
  const sized = <Header extends GrainHeader>(header: Header): Header =>
    withSizeOf(line, header, file, descriptorPath);
  if (head.startsWith(SPARSE_MAGIC)) return await openSparse(file, sized(await readSparseHeader(file)));
  if (head.startsWith(COWD_MAGIC)) {
    const grains = await openCowdGrains(file, sized(await readCowdHeader(file)));
    return undamaged(new GrainExtent(file, grains));
  }
  if (head.startsWith(SESPARSE_MAGIC)) {
    const grains = await openSesparseGrains(file, sized(await readSesparseHeader(file)));
    return undamaged(new GrainExtent(file, grains));
  }
  throw new XenferryError('VMDK_BAD_MAGIC', 'the extent is not a sparse VMDK', {
    file: file.path,
    offset: 0,
  });
}

/** The extent's size is what the descriptor says; headers may round it up to whole grains, as VirtualBox does. */
function withSizeOf<Header extends GrainHeader>(
  { sectors }: ExtentLine,
  header: Header,
  file: ByteSource,
  descriptorPath: string,
): Header {
  const more = header.capacitySectors - sectors;
  if (more >= 0 && more < header.grainSectors) return { ...header, capacitySectors: sectors };
  throw new XenferryError(
    'VMDK_HEADER_INVALID',
    `the extent holds ${header.capacitySectors} sectors, ${basename(descriptorPath)} says ${sectors}`,
    { file: file.path },
  );
}

function undamaged(layer: DiskLayer): OpenedExtent {
  return { layer, notes: () => [] };
}
