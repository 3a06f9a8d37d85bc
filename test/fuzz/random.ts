/** Random numbers that depend on what they were seeded with alone. */
export class Random {
  #state: number;

  constructor(...seeds: readonly (string | number)[]) {
    // FNV-1a.
    this.#state = 0x811c_9dc5;
    for (const character of seeds.join(' ')) {
      this.#state = Math.imul(this.#state ^ (character.codePointAt(0) ?? 0), 0x0100_0193);
    }
  }

  /** From 0 to `end` - 1; 0 when there is nothing to choose from. */
  below(end: number): number {
    return Math.floor(this.#fraction() * end);
  }

  chance(probability: number): boolean {
    return this.#fraction() < probability;
  }

  /** Throws RangeError for an empty list. */
  pick<T>(list: readonly T[]): T {
    const item = list[this.below(list.length)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }

  /** mulberry32. */
  #fraction(): number {
    this.#state = (this.#state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}
