import { BLOCK_BYTES, blockCount } from '../../model/units.js';
import { MAX_VHD_BYTES, vhdFileBytes, vhdLayout } from '../../vhd/index.js';
import type { SrRecord } from '../../xapi/index.js';

/** LVM gives a disk all of its capacity at once. */
const LVM = ['lvm', 'lvmoiscsi', 'lvmohba', 'lvmofcoe'];
/** One qcow2 table of 64 KiB for 512 MiB of disk, and as much again for what else there is. */
const QCOW2_SHARE = 1 / 4096;

/** Whether a disk takes its whole capacity, data or not. */
function isThick({ type }: SrRecord): boolean {
  return LVM.includes(type);
}

/** Bytes that can still be given to disks. */
export function freeBytes(sr: SrRecord): number {
  return sr.physical_size - (isThick(sr) ? sr.virtual_allocation : sr.physical_utilisation);
}

/** Bytes that a disk with `dataBytes` of data takes, tables included. */
export function takenBytes(sr: SrRecord, capacityBytes: number, dataBytes: number): number {
  const stored = isThick(sr) ? capacityBytes : Math.min(dataBytes, capacityBytes);
  if (capacityBytes <= MAX_VHD_BYTES) return vhdFileBytes(vhdLayout(capacityBytes), blockCount(stored));
  return blockCount(stored) * BLOCK_BYTES + Math.ceil(capacityBytes * QCOW2_SHARE);
}

/**
 * Whether a new disk of the repository reads as zeros. The plain volumes of old LVM repositories still have what was
 * there before.
 */
export function startsZeroed({ type, sm_config }: SrRecord): boolean {
  return !LVM.includes(type) || sm_config.use_vhd === 'true';
}
