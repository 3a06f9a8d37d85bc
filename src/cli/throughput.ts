/** Time in which the influence of an old measurement falls to a third. */
const WINDOW_SECONDS = 30;

/** A rate that follows the last half minute: an exponentially weighted mean. */
export class Throughput {
  #rate = 0;
  #bytes = 0;
  #at: number | null = null;
  #weight = 0;

  /** Tells how many bytes have been done in all, at `now` in milliseconds. */
  update(bytes: number, now: number = Date.now()): void {
    if (this.#at === null) {
      this.#bytes = bytes;
      this.#at = now;
      return;
    }
    const seconds = (now - this.#at) / 1000;
    if (seconds <= 0) return;
    const keep = Math.exp(-seconds / WINDOW_SECONDS);
    this.#rate = this.#rate * keep + ((bytes - this.#bytes) / seconds) * (1 - keep);
    this.#weight = this.#weight * keep + (1 - keep);
    this.#bytes = bytes;
    this.#at = now;
  }

  get bytesPerSecond(): number {
    return this.#weight === 0 ? 0 : this.#rate / this.#weight;
  }
}
