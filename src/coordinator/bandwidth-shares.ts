/** What a batch that knows caps tells while none holds, in bytes a second: more than anything gives. */
export const UNCAPPED = Number.MAX_SAFE_INTEGER;
/** A worker that has heard nothing of its share for so long moves nothing. */
export const SHARE_LASTS_MS = 4000;
/** Who had more may still move it so long after it was told: until then nobody else gets what is free. */
const SETTLES_MS = SHARE_LASTS_MS + 1000;

/** What is to be told. */
export interface ToldShare {
  readonly jobIds: readonly number[];
  /** Bytes a second for each. */
  readonly bandwidth: number;
}

/**
 * Divides a cap into equal shares of the jobs that run elsewhere. What is told never sums up to more than the cap, whoever
 * has not heard yet: less is told at once, more only when everybody who had more must have heard or have stopped.
 */
export class BandwidthShares {
  /** By job, as it was told. */
  readonly #told = new Map<number, number>();
  #settledAt = 0;

  /** The job has been offered with a share of nothing, which it keeps until the others have made room. */
  begin(jobId: number): void {
    this.#told.set(jobId, 0);
  }

  /** The job runs no more, wherever it did. */
  end(jobId: number): void {
    this.#told.delete(jobId);
  }

  /** What is to be told now, if anything; `cap` in bytes a second, null without one; `now` in milliseconds, of any clock. */
  divide(cap: number | null, now: number): ToldShare | null {
    const share = cap === null ? UNCAPPED : Math.floor(cap / Math.max(1, this.#told.size));
    const less = this.#where((told) => told > share);
    if (less.length > 0) this.#settledAt = Number.POSITIVE_INFINITY;
    const more = now >= this.#settledAt ? this.#where((told) => told < share) : [];
    const jobIds = [...less, ...more];
    for (const id of jobIds) this.#told.set(id, share);
    return jobIds.length === 0 ? null : { jobIds, bandwidth: share };
  }

  /** What was to be told can be heard since `now`. */
  told(now: number): void {
    if (this.#settledAt === Number.POSITIVE_INFINITY) this.#settledAt = now + SETTLES_MS;
  }

  #where(is: (told: number) => boolean): number[] {
    return [...this.#told].flatMap(([id, told]) => (is(told) ? id : []));
  }
}
