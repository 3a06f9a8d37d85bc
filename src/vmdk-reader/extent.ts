import type { ReadTools } from './read-tools.js';

/** Tells of a byte range of an extent that may hold data; ranges come in ascending order. */
export type MarkRange = (start: number, end: number) => void;

/** One part of a disk, backed by one file. Offsets are bytes from the extent's start. */
export interface Extent {
  readonly byteLength: number;
  /** Whether what is allocated surely holds data; a flat file may be full of zeros. */
  readonly exactMap: boolean;
  /** Every range that may hold data; the rest reads as zeros. Costs metadata only. */
  markAllocated(mark: MarkRange): Promise<void>;
  /** Fills `target[at, at + length)` from `offset`. Calls may overlap in time, each with its own tools. */
  read(target: Buffer, at: number, offset: number, length: number, tools: ReadTools): Promise<void>;
  close(): void;
}

/** An extent of zeros, without a file. */
export function zeroExtent(byteLength: number): Extent {
  return {
    byteLength,
    exactMap: true,
    markAllocated: async () => {},
    read: async (target, at, _offset, length) => {
      target.fill(0, at, at + length);
    },
    close: () => {},
  };
}
