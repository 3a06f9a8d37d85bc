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

/** Whether what went through a hop is all that it gives. */
interface Limit {
  /** It has just turned out to be slower than was thought. */
  readonly found: boolean;
  /** It gives about what was thought, to machines that should get no more elsewhere. */
  readonly full: boolean;
}

/** What samples say of one hop. */
export class MeasuredHop {
  #capacity: FadingMean;
  readonly #throughput = new FadingMean(0);
  #most = 0;
  readonly #perMachine = new FadingMean(0);

  /** `guess`: of its capacity. */
  constructor(guess: number) {
    this.#capacity = new FadingMean(guess);
  }

  /** The most that went through it for a while since it was last found to be slower. */
  get most(): number {
    return this.#most;
  }

  get rate(): HopRate {
    return {
      capacity: this.#capacity.value,
      throughput: this.#throughput.value,
      perMachine: this.#perMachine.value,
    };
  }

  /** So much went through it, in bytes a second, for so many machines. */
  note(throughput: number, machines: number, seconds: number, limit: Limit): void {
    this.#throughput.add(throughput, seconds);
    this.#perMachine.add(throughput / machines, seconds);
    this.#most = limit.found ? throughput : Math.max(this.#most, this.#throughput.value);
    if (limit.found) this.#capacity = new FadingMean(throughput);
    if (limit.full || throughput > this.#capacity.value) this.#capacity.add(throughput, seconds);
  }
}
