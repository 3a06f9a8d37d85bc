import { DISTANCE_ENTRIES, DISTANCE_UNIT } from './entries';
import { buildTable } from './huffman';

export const DISTANCE_BITS: i32 = 9;
/** A complete code of 32 has at most 16 subtables, and each has 15 - DISTANCE_BITS index bits or less. */
export const distanceTable = memory.data(((1 << 9) + 16 * 64) * 4, 64);

/** Builds the distance table of the codes sorted last. */
export function buildDistanceTable(longest: i32): void {
  buildTable(distanceTable, DISTANCE_BITS, longest, DISTANCE_ENTRIES, DISTANCE_UNIT);
}
