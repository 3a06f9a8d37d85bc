import type { MarkRange } from '../disk-image/index.js';

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
  /** Marks all stored grains by their byte ranges in the extent, in ascending order; reads all tables, no grain. */
  markAllocated(mark: MarkRange): Promise<void>;
}

/** Gathers marks of neighbouring grains into one call. */
export class GrainMarks {
  readonly #mark: MarkRange;
  readonly #grainBytes: number;
  readonly #byteLength: number;
  #start = 0;
  #end = 0;

  constructor(mark: MarkRange, { grainBytes, byteLength }: Pick<GrainMap, 'grainBytes' | 'byteLength'>) {
    this.#mark = mark;
    this.#grainBytes = grainBytes;
    this.#byteLength = byteLength;
  }

  /** Grains must come in ascending order. */
  add(grain: number): void {
    const start = grain * this.#grainBytes;
    if (start !== this.#end) {
      this.flush();
      this.#start = start;
    }
    this.#end = start + this.#grainBytes;
  }

  /** Must be called after the last grain. */
  flush(): void {
    const end = Math.min(this.#end, this.#byteLength);
    if (this.#start < end) this.#mark(this.#start, end);
    this.#start = this.#end;
  }
}
