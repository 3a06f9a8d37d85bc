interface Read<T> {
  readonly value: Promise<T>;
  readonly until: number;
}

/** So many keys at most; the oldest are forgotten. */
const MAX_KEYS = 1000;

/** Lets all who ask for the same within a short time share one answer. */
export class SharedReads<T> {
  readonly #milliseconds: number;
  readonly #reads = new Map<string, Read<T>>();

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  get(key: string, read: () => Promise<T>): Promise<T> {
    const now = Date.now();
    const known = this.#reads.get(key);
    if (known !== undefined && now < known.until) return known.value;
    const value = read();
    this.#reads.delete(key);
    this.#reads.set(key, { value, until: now + this.#milliseconds });
    // A failure is for those who share it, and for nobody after them.
    value.catch(() => this.#reads.delete(key));
    const [oldest] = this.#reads.keys();
    if (this.#reads.size > MAX_KEYS && oldest !== undefined) this.#reads.delete(oldest);
    return value;
  }

  clear(): void {
    this.#reads.clear();
  }
}
