import type { VisitRange } from '../disk-image/index.js';

/** A grain that the extent does not hold: the parent shows, or zeros where there is none. */
export const ABSENT = 0;
/** A grain of zeros that is not stored. */
export const ZEROED = -1;

/** Where the grains of a sparse extent are; one for each of VMware's sparse formats. */
export interface GrainMap {
  readonly byteLength: number;
  readonly grainBytes: number;
  /**
   * Byte offsets in the file of grains `[first, first + count)`, or ABSENT or ZEROED.
   * Rejects with VMDK_TABLE_OUT_OF_RANGE, VMDK_GRAIN_OUT_OF_RANGE, VMDK_TRUNCATED.
   */
  locate(first: number, count: number): Promise<Float64Array>;
  /** Visits all grains that are stored or zeroed; reads all tables, no grain. */
  visitRanges(visit: VisitRange): Promise<void>;
}

/** Gathers neighbouring grains of the same kind into one visit. */
export class GrainVisits {
  readonly #visit: VisitRange;
  readonly #grainBytes: number;
  readonly #byteLength: number;
  #start = 0;
  #end = 0;
  #content: 'data' | 'zeros' = 'data';

  constructor(visit: VisitRange, { grainBytes, byteLength }: Pick<GrainMap, 'grainBytes' | 'byteLength'>) {
    this.#visit = visit;
    this.#grainBytes = grainBytes;
    this.#byteLength = byteLength;
  }

  /** Grain number `grain` is at `place`, as `locate` tells it. Grains must come in ascending order. */
  add(grain: number, place: number): void {
    if (place === ABSENT) return;
    const start = grain * this.#grainBytes;
    const content = place === ZEROED ? 'zeros' : 'data';
    if (start !== this.#end || content !== this.#content) {
      this.flush();
      this.#start = start;
      this.#content = content;
    }
    this.#end = start + this.#grainBytes;
  }

  /** Must be called after the last grain. */
  flush(): void {
    const end = Math.min(this.#end, this.#byteLength);
    if (this.#start < end) this.#visit(this.#start, end, this.#content);
    this.#start = this.#end;
  }
}
