/** A mask, one byte per block, as JSON: runs `[first block, blocks]` of those that are 1. */
export function runsOf(mask: Uint8Array): string {
  const runs: [number, number][] = [];
  for (let first = mask.indexOf(1); first >= 0; ) {
    const end = mask.indexOf(0, first);
    const next = end < 0 ? mask.length : end;
    runs.push([first, next - first]);
    first = mask.indexOf(1, next);
  }
  return JSON.stringify(runs);
}

/** What `runsOf` wrote, of a disk of `blocks` blocks. */
export function maskOf(runs: string, blocks: number): Uint8Array {
  const mask = new Uint8Array(blocks);
  for (const [first, count] of JSON.parse(runs) as [number, number][]) mask.fill(1, first, first + count);
  return mask;
}
