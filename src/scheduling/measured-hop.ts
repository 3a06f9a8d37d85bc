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

/** Slowness of a hop's machines, as `slowness` weighs it, that wants an explanation. */
const NEEDED = 0.4;
/** For so long a hop that was found to be slow is on trial. */
const TRIAL_SECONDS = 300;

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
  readonly #guess: number;
  #most = 0;
  /** Seconds since it was found slow, and those of them in which nothing else explained how slow its machines are. */
  #trial: { seconds: number; needed: number } | null = null;
  readonly #perMachine = new FadingMean(0);

  /** `guess`: of its capacity. */
  constructor(guess: number) {
    this.#guess = guess;
    this.#capacity = new FadingMean(guess);
  }

  /** Whether it was found to be slower than was thought, and that may have been a mistake. */
  get isOnTrial(): boolean {
    return this.#trial !== null;
  }

  /**
   * `slowness`: of its machines beside what they would get by all other hops. A hop that was not needed for half of the
   * trial to explain it is believed to give what it was thought to.
   */
  reconsider(slowness: number, seconds: number): void {
    if (this.#trial === null) return;
    this.#trial.seconds += seconds;
    if (slowness >= NEEDED) this.#trial.needed += seconds;
    if (this.#trial.seconds < TRIAL_SECONDS) return;
    if (this.#trial.needed < this.#trial.seconds / 2) this.#capacity = new FadingMean(this.believed);
    this.#trial = null;
  }

  /** What it would be thought to give had it not been found to be slow. */
  get believed(): number {
    return Math.max(this.#guess, this.#most);
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
    if (limit.found) this.#trial = { seconds: 0, needed: 0 };
    if (limit.full || throughput > this.#capacity.value) this.#capacity.add(throughput, seconds);
  }
}
