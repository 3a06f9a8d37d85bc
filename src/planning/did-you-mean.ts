/** Names beyond these are not worth the time: a suggestion is a courtesy. */
const MAX_LENGTH = 64;
const MAX_KNOWN = 500;

/** `; did you mean "network"?` for the known name that is written most alike; otherwise empty. */
export function didYouMean(text: string, known: readonly string[]): string {
  const nearest = nearestOf(text, known.slice(0, MAX_KNOWN));
  return nearest === null ? '' : `; did you mean ${JSON.stringify(nearest)}?`;
}

function nearestOf(text: string, known: readonly string[]): string | null {
  if (text.length > MAX_LENGTH) return null;
  let nearest: string | null = null;
  let least = Math.max(2, Math.ceil(text.length / 3)) + 1;
  for (const name of known) {
    if (Math.abs(name.length - text.length) >= least) continue;
    const distance = editDistance(text.toLowerCase(), name.toLowerCase());
    // With nothing in common, every short name would be near.
    if (distance < least && distance < Math.max(text.length, name.length)) {
      nearest = name;
      least = distance;
    }
  }
  return nearest;
}

/** How many letters must be put in, left out, replaced or swapped with their neighbour to turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let best = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        best = Math.min(best, (beforeLast[column - 2] ?? 0) + 1);
      }
      current.push(best);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}
