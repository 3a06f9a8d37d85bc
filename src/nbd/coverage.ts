/** Gaps a reply may have between its chunks at any time; servers send them nearly in order. */
const MAX_PARTS = 1024;

/** Which parts of a range have come. */
export class Coverage {
  /** Bytes covered so far. */
  bytes = 0;
  /** Ascending, with gaps between. */
  #parts: Array<{ readonly start: number; readonly end: number }> = [];

  /** False when a part of `[start, end)` has come before, or the parts are too many to remember. */
  add(start: number, end: number): boolean {
    const before = this.#parts.filter((part) => part.end <= start);
    const after = this.#parts.filter((part) => part.start >= end);
    if (before.length + after.length < this.#parts.length) return false;
    const left = before.at(-1)?.end === start ? before.pop() : undefined;
    const right = after[0]?.start === end ? after.shift() : undefined;
    this.#parts = [...before, { start: left?.start ?? start, end: right?.end ?? end }, ...after];
    this.bytes += end - start;
    return this.#parts.length <= MAX_PARTS;
  }
}
