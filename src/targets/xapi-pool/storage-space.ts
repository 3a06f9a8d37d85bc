import { BLOCK_BYTES, blockCount, MIB, roundUp } from '../../model/units.js';
import { MAX_VHD_BYTES, vhdFileBytes, vhdLayout } from '../../vhd/index.js';
import type { SrRecord } from '../../xapi/index.js';

/** LVM gives a disk all of its capacity at once, in steps. */
const LVM = ['lvm', 'lvmoiscsi', 'lvmohba', 'lvmofcoe'];
const LVM_EXTENT_BYTES = 4 * MIB;
/** One qcow2 table of 64 KiB for 512 MiB of disk, and as much again for what else there is. */
const QCOW2_SHARE = 1 / 4096;

/** Whether a disk takes its whole capacity as soon as there is one, data or not. */
export function isThick({ type }: SrRecord): boolean {
  return LVM.includes(type);
}

/** Bytes that can still be given to disks. */
export function freeBytes(sr: SrRecord): number {
  const { physical_size, physical_utilisation, virtual_allocation } = sr;
  return (
    physical_size - (isThick(sr) ? Math.max(virtual_allocation, physical_utilisation) : physical_utilisation)
  );
}

/** Bytes that a disk with `dataBytes` of data takes, tables included. */
export function takenBytes(sr: SrRecord, capacityBytes: number, dataBytes: number): number {
  const thick = isThick(sr);
  const stored = blockCount(thick ? capacityBytes : Math.min(dataBytes, capacityBytes));
  const bytes = !startsZeroed(sr)
    ? stored * BLOCK_BYTES
    : capacityBytes <= MAX_VHD_BYTES
      ? vhdFileBytes(vhdLayout(capacityBytes), stored)
      : stored * BLOCK_BYTES + Math.ceil(capacityBytes * QCOW2_SHARE);
  return thick ? roundUp(bytes, LVM_EXTENT_BYTES) : bytes;
}

/**
 * Whether a new disk of the repository reads as zeros. The plain volumes of old LVM repositories still have what was
 * there before.
 */
export function startsZeroed(sr: SrRecord): boolean {
  return !isThick(sr) || sr.sm_config.use_vhd === 'true';
}
