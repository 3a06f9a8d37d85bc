import type { BandwidthGate } from '../io/bandwidth-gate.js';
import { UNCAPPED } from './bandwidth-shares.js';

/** What the jobs that a worker runs may move together: the sum of the shares of those that have one. */
export class WorkerBandwidth {
  readonly #gate: BandwidthGate;
  readonly #shares = new Map<number, number>();

  constructor(gate: BandwidthGate) {
    this.#gate = gate;
  }

  /** Bytes a second for one job; null: it knows no caps. */
  set(jobId: number, bandwidth: number | null): void {
    if (bandwidth === null) this.#shares.delete(jobId);
    else this.#shares.set(jobId, bandwidth);
    this.#limit();
  }

  end(jobId: number): void {
    this.#shares.delete(jobId);
    this.#limit();
  }

  #limit(): void {
    // One without a cap beside those with one moves as they do: all pass one gate.
    const capped = [...this.#shares.values()].filter((share) => share < UNCAPPED);
    this.#gate.limit(capped.length === 0 ? null : capped.reduce((sum, share) => sum + share, 0));
  }
}
