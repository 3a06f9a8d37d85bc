import { surveyChanges } from '../conversion/index.js';
import type { ImageSource } from '../images/index.js';

/** The blocks of a disk that its overlay holds, one byte each; none for a disk without. Rejects as `surveyChanges` does. */
export async function mendedBlocks(
  { made: _, ...source }: ImageSource,
  signal: AbortSignal,
): Promise<Uint8Array> {
  if (source.overlay === undefined) return new Uint8Array();
  return (await surveyChanges(source, signal)).allocated;
}

/** Those of either. */
export function eitherBlocks(one: Uint8Array, other: Uint8Array): Uint8Array {
  const longer = one.length < other.length ? other : one;
  return longer.map((_, block) => Number(one[block] === 1 || other[block] === 1));
}
