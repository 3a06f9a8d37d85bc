import { basename } from 'node:path';
import type { DiskLayer } from '../disk-image/index.js';
import { type ByteSource, readBytes } from '../io/byte-source.js';
import { XenferryError } from '../model/errors.js';
import { SECTOR_BYTES } from '../model/units.js';
import type { ExtentLine } from './descriptor.js';
import { type DataRanges, FlatExtent } from './flat-extent.js';
import { GrainExtent } from './grain-extent.js';
import { CompressedGrains } from './grain-reads.js';
import { HostedGrains } from './hosted-grains.js';
import { readSparseHeader, SPARSE_MAGIC, type SparseHeader } from './sparse-header.js';

/** An extent with its file. */
export interface OpenedExtent {
  readonly layer: DiskLayer;
  /** What was amiss so far and could be helped. */
  readonly notes: () => readonly string[];
}

const RAW_DEVICE_HINT =
  "Its data is on a device, not in this file: present the device to the pool, or clone the disk to a VMDK first ('vmkfstools -i').";

/** Refuses disks whose data is not in files at all. Throws VMDK_UNSUPPORTED. */
export function refuseDevice(createType: string, file: string): void {
  if (!/device|raw/i.test(createType)) return;
  throw new XenferryError('VMDK_UNSUPPORTED', `a ${createType} disk stands for a device`, {
    file,
    hint: RAW_DEVICE_HINT,
  });
}

/** Opens an extent that a descriptor names. Rejects with VMDK_*; `file` is the caller's to close then. */
export async function openExtent(
  line: ExtentLine,
  file: ByteSource,
  descriptorPath: string,
  dataRanges: DataRanges | undefined,
): Promise<OpenedExtent> {
  const byteLength = line.sectors * SECTOR_BYTES;
  switch (line.kind) {
    case 'FLAT':
    case 'VMFS': {
      const layer = new FlatExtent(file, line.offsetSectors * SECTOR_BYTES, byteLength, dataRanges);
      return { layer, notes: () => [] };
    }
    case 'SPARSE':
      return await openNamedSparse(file, byteLength, descriptorPath);
    default:
      throw new XenferryError('VMDK_UNSUPPORTED', `a ${line.kind} extent cannot be read`, {
        file: descriptorPath,
        ...(line.kind.startsWith('VMFSR') ? { hint: RAW_DEVICE_HINT } : {}),
      });
  }
}

/** Opens a hosted sparse extent, plain or stream-optimized. */
export async function openSparse(file: ByteSource, header: SparseHeader): Promise<OpenedExtent> {
  const grains = await HostedGrains.open(file, header);
  const compressed = header.compressed ? new CompressedGrains(file, grains.grainBytes, header.markers) : null;
  return {
    layer: new GrainExtent(file, grains, compressed),
    notes: () =>
      grains.redundantTables === 0
        ? []
        : [
            `${basename(file.path)}: ${grains.redundantTables} grain tables are damaged; their redundant copies were used`,
          ],
  };
}

async function openNamedSparse(
  file: ByteSource,
  byteLength: number,
  descriptorPath: string,
): Promise<OpenedExtent> {
  const magic = (await readBytes(file, 0, Math.min(4, file.length))).toString('latin1');
  if (magic !== SPARSE_MAGIC) {
    throw new XenferryError('VMDK_BAD_MAGIC', 'the extent is not a sparse VMDK', {
      file: file.path,
      offset: 0,
    });
  }
  const header = await readSparseHeader(file);
  if (header.capacitySectors * SECTOR_BYTES !== byteLength) {
    throw new XenferryError(
      'VMDK_HEADER_INVALID',
      `the extent holds ${header.capacitySectors} sectors, ${basename(descriptorPath)} says ${byteLength / SECTOR_BYTES}`,
      { file: file.path, offset: 12 },
    );
  }
  return await openSparse(file, header);
}
