import type { VisitRange } from '../disk-image/index.js';
import type { ClusterContent, VisitCluster } from './l2-decoder.js';

/** A range of the disk that is of one kind; bytes. */
export interface DiskPart {
  readonly position: number;
  length: number;
  readonly content: ClusterContent;
  /** In the file: of the part itself when it is plain, of its cluster when it is compressed. */
  readonly offset: number;
  /** Of a compressed cluster, at most. */
  readonly storedBytes: number;
  /** Of the part in its compressed cluster. */
  readonly within: number;
}

/** What a range of the disk consists of, in ascending order; what can be read at once is one part. */
export class DiskParts {
  readonly list: DiskPart[] = [];
  readonly #start: number;
  readonly #end: number;

  constructor(start: number, length: number) {
    this.#start = start;
    this.#end = start + length;
  }

  /** Clusters must come in ascending order; what is outside of the range is left out. */
  readonly add: VisitCluster = (position, clusterBytes, content, clusterOffset, storedBytes) => {
    const from = Math.max(position, this.#start);
    const length = Math.min(position + clusterBytes, this.#end) - from;
    if (length <= 0) return;
    const within = from - position;
    const offset = content === 'plain' ? clusterOffset + within : clusterOffset;
    const last = this.list.at(-1);
    if (last !== undefined && continues(last, content, offset)) last.length += length;
    else this.list.push({ position: from, length, content, offset, storedBytes, within });
  };
}

function continues(last: DiskPart, content: ClusterContent, offset: number): boolean {
  if (last.content !== content || content === 'compressed') return false;
  return content !== 'plain' || last.offset + last.length === offset;
}

/** Gathers neighbouring clusters of the same kind into one visit. */
export class RangeVisits {
  readonly #visit: VisitRange;
  readonly #byteLength: number;
  #start = 0;
  #end = 0;
  #content: 'data' | 'zeros' = 'data';

  constructor(visit: VisitRange, byteLength: number) {
    this.#visit = visit;
    this.#byteLength = byteLength;
  }

  /** Clusters must come in ascending order. */
  readonly add: VisitCluster = (position, length, cluster) => {
    if (cluster === 'below') return;
    const content = cluster === 'zeros' ? 'zeros' : 'data';
    if (position !== this.#end || content !== this.#content) {
      this.flush();
      this.#start = position;
      this.#content = content;
    }
    this.#end = position + length;
  };

  /** Must be called after the last cluster. */
  flush(): void {
    const end = Math.min(this.#end, this.#byteLength);
    if (this.#start < end) this.#visit(this.#start, end, this.#content);
    this.#start = this.#end;
  }
}
