import type { MachineFailure, MachinesFailed } from './notice.js';

/** A night in which everything fails makes one message in so many milliseconds, not one a machine. */
const INTERVAL = 300_000;

interface Gathered {
  readonly about: MachinesFailed;
  readonly failures: MachineFailure[];
}

/** Joins what fails soon after one another, batch by batch. The first failure after a while goes out at once. */
export class FailureGathering {
  readonly #release: (notice: MachinesFailed) => void;
  readonly #interval: number;
  readonly #gathered = new Map<string, Gathered>();
  #timer: NodeJS.Timeout | null = null;

  constructor(release: (notice: MachinesFailed) => void, interval: number = INTERVAL) {
    this.#release = release;
    this.#interval = interval;
  }

  add(notice: MachinesFailed): void {
    const known = this.#gathered.get(notice.batch);
    if (known === undefined)
      this.#gathered.set(notice.batch, { about: notice, failures: [...notice.failures] });
    else known.failures.push(...notice.failures);
    if (this.#timer === null) this.#releaseAndWait();
  }

  /** Releases what there is and waits for nothing more. */
  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#releaseAll();
  }

  #releaseAndWait(): void {
    this.#releaseAll();
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#gathered.size > 0) this.#releaseAndWait();
    }, this.#interval).unref();
  }

  #releaseAll(): void {
    for (const { about, failures } of this.#gathered.values()) this.#release({ ...about, failures });
    this.#gathered.clear();
  }
}
