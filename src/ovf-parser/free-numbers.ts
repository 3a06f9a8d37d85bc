/** Numbers from 0 that are given away once each. */
export class FreeNumbers {
  readonly #taken = new Set<number>();
  #lowest = 0;

  has(number: number): boolean {
    return !this.#taken.has(number);
  }

  take(number: number): number {
    this.#taken.add(number);
    return number;
  }

  /** The lowest that is free; the search goes on where the last one ended, so many calls cost no more than one. */
  takeLowest(): number {
    while (this.#taken.has(this.#lowest)) this.#lowest += 1;
    return this.take(this.#lowest);
  }
}
