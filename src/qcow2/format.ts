import { KIB } from '../model/units.js';

// Facts of the format that reader and writer share ("qcow2 Image File Format", docs/interop/qcow2 of QEMU).
// All numbers in the file are big-endian.

/** `QFI\xfb`. */
export const QCOW2_MAGIC = 0x5146_49fb;
/** Fixed part of the header of version 2, bytes. */
export const HEADER_V2_BYTES = 72;
/** Least header of version 3, bytes; the additional fields follow it. */
export const HEADER_V3_BYTES = 104;
/** An entry of the L1 table, the refcount table, or the plain form of an L2 table, bytes. */
export const ENTRY_BYTES = 8;
/** The cluster the writer uses, bytes. */
export const CLUSTER_BYTES = 64 * KIB;
/** Upper half of a table entry: the cluster has a refcount of exactly one. */
export const COPIED_HIGH = 0x8000_0000;
