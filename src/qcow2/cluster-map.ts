import type { VisitRange } from '../disk-image/index.js';
import { type ByteSource, readBytes } from '../io/byte-source.js';
import { KIB, MIB } from '../model/units.js';
import { DiskParts, RangeVisits } from './disk-parts.js';
import { ENTRY_BYTES } from './format.js';
import { l2SpanBytes, type Qcow2Header } from './header.js';
import { hostOffset, L2Decoder, type L2Slice } from './l2-decoder.js';
import { invalid, unsupported } from './refusals.js';

/** QEMU takes no larger one; 64 TiB in clusters of 64 KiB need 1 MiB. */
const MAX_L1_BYTES = 32 * MIB;
/** Slices stay where a few blocks in flight find them again; more would be memory for nothing. */
const CACHED_SLICES = 8;
/** Large clusters make large tables, of which one read of the disk wants little. */
const SLICE_BYTES = 64 * KIB;
/** Tables that stand side by side are read together up to this. */
const SURVEY_BYTES = MIB;

/**
 * The two-level map of the active disk: L1 table → L2 tables → clusters ("qcow2 Image File Format", Cluster mapping).
 * The L1 table is held in memory, L2 tables are read when asked for, so that the cost does not grow with the disk.
 */
export class ClusterMap {
  readonly #file: ByteSource;
  readonly #header: Qcow2Header;
  readonly #decoder: L2Decoder;
  /** File offset of each L2 table, 0 where there is none. */
  readonly #tables: Float64Array;
  readonly #sliceBytes: number;
  readonly #cache = new Map<number, Promise<L2Slice>>();

  private constructor(file: ByteSource, header: Qcow2Header, tables: Float64Array) {
    this.#file = file;
    this.#header = header;
    this.#decoder = new L2Decoder(file, header);
    this.#tables = tables;
    this.#sliceBytes = Math.min(header.clusterBytes, SLICE_BYTES);
  }

  /** Reads the L1 table. Rejects with QCOW2_INVALID, QCOW2_UNSUPPORTED or SOURCE_*. */
  static async open(file: ByteSource, header: Qcow2Header): Promise<ClusterMap> {
    return new ClusterMap(file, header, await readL1(file, header));
  }

  /** What `[start, start + length)` of the disk consists of. Rejects with QCOW2_INVALID or SOURCE_*. */
  async locate(start: number, length: number): Promise<DiskParts> {
    const parts = new DiskParts(start, length);
    const spanBytes = l2SpanBytes(this.#header);
    const slicesPerTable = this.#header.clusterBytes / this.#sliceBytes;
    const sliceSpan = spanBytes / slicesPerTable;
    const end = start + length;
    for (let from = start; from < end; ) {
      const index = Math.floor(from / sliceSpan);
      const to = Math.min((index + 1) * sliceSpan, end);
      const table = this.#tables[Math.floor(index / slicesPerTable)] ?? 0;
      if (table === 0) parts.add(from, to - from, 'below', 0, 0);
      else {
        const offset = table + (index % slicesPerTable) * this.#sliceBytes;
        const slice = await this.#slice(index, offset, index * sliceSpan);
        this.#decoder.decode(slice, from, to, parts.add);
      }
      from = to;
    }
    return parts;
  }

  /** Visits all that is stored or reads as zeros. Rejects with QCOW2_INVALID or SOURCE_*. */
  async visitRanges(visit: VisitRange): Promise<void> {
    const { virtualBytes, clusterBytes } = this.#header;
    const visits = new RangeVisits(visit, virtualBytes);
    const spanBytes = l2SpanBytes(this.#header);
    for (let index = 0; index < this.#tables.length; ) {
      const offset = this.#tables[index] ?? 0;
      const run = offset === 0 ? 1 : this.#sideBySide(index);
      const position = index * spanBytes;
      index += run;
      if (offset === 0) continue;
      const slice = { entries: await readEntries(this.#file, offset, run * clusterBytes), offset, position };
      this.#decoder.decode(slice, position, Math.min(index * spanBytes, virtualBytes), visits.add);
    }
    visits.flush();
  }

  #slice(index: number, offset: number, position: number): Promise<L2Slice> {
    const cached = this.#cache.get(index);
    if (cached !== undefined) return cached;
    const slice = readEntries(this.#file, offset, this.#sliceBytes).then((entries) => ({
      entries,
      offset,
      position,
    }));
    const oldest = this.#cache.keys().next();
    if (this.#cache.size >= CACHED_SLICES && oldest.done === false) this.#cache.delete(oldest.value);
    this.#cache.set(index, slice);
    return slice;
  }

  /** The number of tables from `index` on that stand side by side in the file and fit one read. */
  #sideBySide(index: number): number {
    const { clusterBytes } = this.#header;
    const start = this.#tables[index] ?? 0;
    const most = SURVEY_BYTES / clusterBytes;
    let run = 1;
    while (run < most && this.#tables[index + run] === start + run * clusterBytes) run++;
    return run;
  }
}

async function readL1(file: ByteSource, header: Qcow2Header): Promise<Float64Array> {
  const { virtualBytes, clusterBytes, l1Entries, l1Offset } = header;
  const entries = Math.ceil(virtualBytes / l2SpanBytes(header));
  if (entries > l1Entries) {
    throw invalid(file, 36, `an L1 table of ${l1Entries} entries, the disk needs ${entries}`);
  }
  if (entries * ENTRY_BYTES > MAX_L1_BYTES) {
    throw unsupported(file, 36, `an L1 table of ${entries} entries is more than QEMU takes`);
  }
  if (entries === 0) return new Float64Array(0);
  const between = l1Offset === 0 || l1Offset % clusterBytes !== 0;
  if (between || l1Offset + entries * ENTRY_BYTES > file.length) {
    throw invalid(file, 40, `the L1 table at byte ${l1Offset} lies outside the file or between clusters`);
  }
  const l1 = await readEntries(file, l1Offset, entries * ENTRY_BYTES);
  const tables = new Float64Array(entries);
  for (let index = 0; index < entries; index++) {
    const at = index * ENTRY_BYTES;
    const offset = hostOffset(l1, at);
    if (offset === 0) continue;
    if (offset % clusterBytes !== 0 || offset + clusterBytes > file.length) {
      const message = `L2 table ${index} at byte ${offset} lies outside the file or between clusters`;
      throw invalid(file, l1Offset + at, message);
    }
    tables[index] = offset;
  }
  refuseSharedTables(file, header, tables);
  return tables;
}

/** A table that is used again and again would make a small file as much work as the largest disk. */
function refuseSharedTables(file: ByteSource, { l1Offset }: Qcow2Header, tables: Float64Array): void {
  const sorted = tables.toSorted();
  const shared = sorted.find((offset, index) => offset !== 0 && offset === sorted[index + 1]);
  if (shared === undefined) return;
  const message = `the L2 table at byte ${shared} is used more than once`;
  throw invalid(file, l1Offset + tables.lastIndexOf(shared) * ENTRY_BYTES, message);
}

async function readEntries(file: ByteSource, offset: number, length: number): Promise<DataView> {
  const { buffer, byteOffset } = await readBytes(file, offset, length);
  return new DataView(buffer, byteOffset, length);
}
