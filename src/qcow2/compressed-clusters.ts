import { inflateRawSync } from 'node:zlib';
import { INFLATE_SLACK, type ReadTools } from '../disk-image/index.js';
import type { ByteSource } from '../io/byte-source.js';
import type { DiskPart } from './disk-parts.js';
import { invalid } from './refusals.js';

/** A part of a compressed cluster and its place in the target. */
export interface CompressedRead {
  readonly part: DiskPart;
  readonly at: number;
}

/**
 * Reads clusters that are raw deflate streams ("qcow2 Image File Format", Compressed Clusters Descriptor). Those of a
 * block mostly stand side by side, so their whole span is read at once.
 */
export class CompressedClusters {
  readonly #file: ByteSource;
  readonly #clusterBytes: number;

  constructor(file: ByteSource, clusterBytes: number) {
    this.#file = file;
    this.#clusterBytes = clusterBytes;
  }

  /** Inflates `reads` into `target`. Rejects with QCOW2_INVALID or SOURCE_*. */
  async read(target: Buffer, reads: readonly CompressedRead[], tools: ReadTools): Promise<void> {
    for (let first = 0; first < reads.length; ) {
      const { start, length, next } = nextSpan(reads, first, tools.span.length);
      // Only an incompressible cluster of the largest kind is more than a span.
      const span = length > tools.span.length ? Buffer.allocUnsafe(length) : tools.span;
      await this.#file.read(span, 0, length, start);
      for (const { part, at } of reads.slice(first, next)) {
        const from = part.offset - start;
        const cluster = this.#inflate(span.subarray(from, from + part.storedBytes), part);
        cluster.copy(target, at, part.within, part.within + part.length);
      }
      first = next;
    }
  }

  #inflate(stored: Buffer, part: DiskPart): Buffer {
    const message = `the cluster of disk byte ${part.position - part.within} does not inflate to its size`;
    let cluster: Buffer;
    try {
      cluster = inflateRawSync(stored, {
        maxOutputLength: this.#clusterBytes,
        chunkSize: this.#clusterBytes + INFLATE_SLACK,
      });
    } catch (cause) {
      throw invalid(this.#file, part.offset, message, { cause });
    }
    if (cluster.length !== this.#clusterBytes) throw invalid(this.#file, part.offset, message);
    return cluster;
  }
}

/** As many reads from `first` on, one at least, as a span of `room` bytes covers. */
function nextSpan(
  reads: readonly CompressedRead[],
  first: number,
  room: number,
): { start: number; length: number; next: number } {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  let next = first;
  for (const { part } of reads.slice(first)) {
    const newLow = Math.min(low, part.offset);
    const newHigh = Math.max(high, part.offset + part.storedBytes);
    if (next > first && newHigh - newLow > room) break;
    low = newLow;
    high = newHigh;
    next++;
  }
  return { start: low, length: high - low, next };
}
