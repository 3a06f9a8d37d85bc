import type { ByteSource } from '../io/byte-source.js';
import type { XenferryError } from '../model/errors.js';
import { SECTOR_BYTES } from '../model/units.js';
import { l2EntryBytes, type Qcow2Header } from './header.js';
import { invalid } from './refusals.js';

/** `below`: not held here, what lies below the image shows; `zeros`: reads as zeros whatever lies below. */
export type ClusterContent = 'below' | 'zeros' | 'plain' | 'compressed';

/**
 * A cluster or subcluster at `position` of the disk. `offset` is where its content lies in the file, and `storedBytes`
 * how long a compressed one is there at most; both mean nothing for `below` and `zeros`.
 */
export type VisitCluster = (
  position: number,
  length: number,
  content: ClusterContent,
  offset: number,
  storedBytes: number,
) => void;

/** A part of an L2 table, or several tables that follow each other both in the file and on the disk. */
export interface L2Slice {
  /** Read at an eighth of the cost of a Buffer's methods, for a disk has many clusters. */
  readonly entries: DataView;
  /** In the file. */
  readonly offset: number;
  /** Of the first entry's cluster on the disk. */
  readonly position: number;
}

const SUBCLUSTERS = 32;
const HIGH = 2 ** 32;
/** Upper half of an entry. */
const COMPRESSED_HIGH = 0x4000_0000;
const DESCRIPTOR_HIGH = 0x3fff_ffff;
/** Bits 9 to 55 of an entry are the host cluster offset. */
const OFFSET_HIGH = 0x00ff_ffff;
const OFFSET_LOW = 0xffff_fe00;
const ZERO_LOW = 1;

/** The file offset in the L1 entry or standard L2 entry at byte `at` of a table; 0 means that there is none. */
export function hostOffset(table: DataView, at: number): number {
  return (table.getUint32(at) & OFFSET_HIGH) * HIGH + ((table.getUint32(at + 4) & OFFSET_LOW) >>> 0);
}

/**
 * Tells what L2 entries mean ("qcow2 Image File Format", Cluster mapping: L2 table entry, Standard Cluster Descriptor,
 * Compressed Clusters Descriptor, Extended L2 Entries), every offset checked against the file.
 */
export class L2Decoder {
  readonly #file: ByteSource;
  readonly #header: Qcow2Header;
  readonly #entryBytes: number;
  /** Bits of a compressed cluster's offset in the upper half of its entry; the number of sectors stands above them. */
  readonly #offsetHighBits: number;

  constructor(file: ByteSource, header: Qcow2Header) {
    this.#file = file;
    this.#header = header;
    this.#entryBytes = l2EntryBytes(header);
    this.#offsetHighBits = 62 - (header.clusterBits - 8) - 32;
  }

  /**
   * Visits the clusters of `slice` that share bytes with `[from, to)` of the disk, which must be inside the slice and
   * the disk, in ascending order. Throws QCOW2_INVALID with the entry's offset.
   */
  decode(slice: L2Slice, from: number, to: number, visit: VisitCluster): void {
    const { clusterBytes, extendedL2 } = this.#header;
    const first = Math.floor((from - slice.position) / clusterBytes);
    const end = Math.ceil((to - slice.position) / clusterBytes);
    for (let at = first * this.#entryBytes; at < end * this.#entryBytes; at += this.#entryBytes) {
      if ((slice.entries.getUint32(at) & COMPRESSED_HIGH) !== 0) this.#compressed(slice, at, visit);
      else if (extendedL2) this.#subclusters(slice, at, visit);
      else this.#standard(slice, at, visit);
    }
  }

  #standard(slice: L2Slice, at: number, visit: VisitCluster): void {
    const { clusterBytes, zeroClusters } = this.#header;
    const position = this.#position(slice, at);
    if ((slice.entries.getUint32(at + 4) & ZERO_LOW) !== 0) {
      if (!zeroClusters) throw this.#invalid(slice, at, 'a zero cluster in an image of version 2');
      visit(position, clusterBytes, 'zeros', 0, 0);
      return;
    }
    const offset = hostOffset(slice.entries, at);
    if (offset === 0) {
      visit(position, clusterBytes, 'below', 0, 0);
      return;
    }
    this.#check(slice, at, offset, clusterBytes);
    visit(position, clusterBytes, 'plain', offset, clusterBytes);
  }

  #subclusters(slice: L2Slice, at: number, visit: VisitCluster): void {
    const position = this.#position(slice, at);
    const zeros = slice.entries.getUint32(at + 8);
    const stored = slice.entries.getUint32(at + 12);
    if ((zeros & stored) !== 0) throw this.#invalid(slice, at, 'a subcluster is both stored and zeros');
    const offset = hostOffset(slice.entries, at);
    const length = this.#header.clusterBytes / SUBCLUSTERS;
    if (stored !== 0) this.#check(slice, at, offset, (SUBCLUSTERS - Math.clz32(stored)) * length);
    for (let index = 0; index < SUBCLUSTERS; index++) {
      const bit = 1 << index;
      const within = index * length;
      if ((zeros & bit) !== 0) visit(position + within, length, 'zeros', 0, 0);
      else if ((stored & bit) !== 0) visit(position + within, length, 'plain', offset + within, length);
      else visit(position + within, length, 'below', 0, 0);
    }
  }

  /** The last sector counts whole even where the file ends inside it. */
  #compressed(slice: L2Slice, at: number, visit: VisitCluster): void {
    const high = slice.entries.getUint32(at) & DESCRIPTOR_HIGH;
    const offset = (high % 2 ** this.#offsetHighBits) * HIGH + slice.entries.getUint32(at + 4);
    const sectors = (high >>> this.#offsetHighBits) + 1;
    const { length: fileBytes } = this.#file;
    if (offset === 0 || offset >= fileBytes) throw this.#outside(slice, at, offset);
    const storedBytes = Math.min(sectors * SECTOR_BYTES - (offset % SECTOR_BYTES), fileBytes - offset);
    visit(this.#position(slice, at), this.#header.clusterBytes, 'compressed', offset, storedBytes);
  }

  /** Of an entry's cluster on the disk. */
  #position(slice: L2Slice, at: number): number {
    return slice.position + (at / this.#entryBytes) * this.#header.clusterBytes;
  }

  /** Of a cluster's first `storedBytes` the file must hold what lies inside the disk; there it may end. */
  #check(slice: L2Slice, at: number, offset: number, storedBytes: number): void {
    const { clusterBytes, virtualBytes } = this.#header;
    const needed = Math.min(storedBytes, virtualBytes - this.#position(slice, at));
    // The lower half tells, and integers are cheap.
    const between = (slice.entries.getUint32(at + 4) & OFFSET_LOW & (clusterBytes - 1)) !== 0;
    if (offset === 0 || between || offset + needed > this.#file.length) {
      throw this.#outside(slice, at, offset);
    }
  }

  #outside(slice: L2Slice, at: number, offset: number): XenferryError {
    const where = `byte ${offset}, between clusters or outside the file of ${this.#file.length} bytes`;
    return this.#invalid(slice, at, `the cluster of disk byte ${this.#position(slice, at)} is at ${where}`);
  }

  #invalid(slice: L2Slice, at: number, message: string): XenferryError {
    return invalid(this.#file, slice.offset + at, message);
  }
}
