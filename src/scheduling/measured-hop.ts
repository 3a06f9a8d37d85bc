/** What a hop has been seen to do, in bytes a second. */
export interface HopRate {
  /** What it can give to all machines together: a guess until it was seen at its limit. */
  readonly capacity: number;
  /** What went through it lately, while anything did. */
  readonly throughput: number;
  /** Each machine's part of that. */
  readonly perMachine: number;
}

/** After so many seconds of newer samples a third of an old one's weight is left. */
const MEMORY_SECONDS = 60;

/** A mean of samples, each weighted by its seconds, in which the old ones fade. */
class FadingMean {
  #value: number;
  #seconds = 0;

  constructor(guess: number) {
    this.#value = guess;
  }

  get value(): number {
    return this.#value;
  }

  add(value: number, seconds: number): void {
    this.#seconds += seconds;
    // The plain mean as long as all samples together are young, so that a guess is forgotten at once.
    const weight = Math.max(seconds / this.#seconds, 1 - Math.exp(-seconds / MEMORY_SECONDS));
    this.#value += weight * (value - this.#value);
  }
}

/** What samples say of one hop. */
export class MeasuredHop {
  readonly #capacity: FadingMean;
  readonly #throughput = new FadingMean(0);
  readonly #perMachine = new FadingMean(0);

  /** `guess`: of its capacity. */
  constructor(guess: number) {
    this.#capacity = new FadingMean(guess);
  }

  get rate(): HopRate {
    return {
      capacity: this.#capacity.value,
      throughput: this.#throughput.value,
      perMachine: this.#perMachine.value,
    };
  }

  /** So much went through it, in bytes a second, for so many machines; `isLimit` where that is all it seems to give. */
  note(throughput: number, machines: number, seconds: number, isLimit: boolean): void {
    this.#throughput.add(throughput, seconds);
    this.#perMachine.add(throughput / machines, seconds);
    if (isLimit || throughput > this.#capacity.value) this.#capacity.add(throughput, seconds);
  }
}
