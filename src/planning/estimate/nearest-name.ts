/** Longer names are compared by their beginning. */
const MAX_CHARACTERS = 64;

/** The known name that takes the fewest changes of a character (Levenshtein); letter case does not count. */
export function nearestName(name: string, known: readonly string[]): string | null {
  let nearest: { readonly name: string; readonly changes: number } | null = null;
  for (const candidate of known) {
    const changes = changesBetween(plain(name), plain(candidate));
    if (nearest === null || changes < nearest.changes) nearest = { name: candidate, changes };
  }
  return nearest?.name ?? null;
}

function plain(name: string): string {
  return name.slice(0, MAX_CHARACTERS).toLowerCase();
}

function changesBetween(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, character] of [...from].entries()) {
    const next = [index + 1];
    for (let at = 0; at < to.length; at++) {
      const replaced = (row[at] ?? 0) + (to[at] === character ? 0 : 1);
      next.push(Math.min(replaced, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
