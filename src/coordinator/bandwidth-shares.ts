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
 * Divides a cap into equal shares of the jobs that run elsewhere and have something to move. What is told never sums up to more than the cap, whoever
 * has not heard yet: less is told at once, more only when everybody who had more must have heard or have stopped.
 */
export class BandwidthShares {
  /** By job, as it was told. */
  readonly #told = new Map<number, number>();
  /** Jobs that move nothing in the step that they are at. */
  readonly #idle = new Set<number>();
  #settledAt = 0;

  /**
   * The job has been offered with a share of nothing, which it keeps until the others have made room. That it has nothing to
   * move is only known when it says so.
   */
  begin(jobId: number): void {
    this.#told.set(jobId, 0);
  }

  /** Of those that run. */
  get jobIds(): number[] {
    return [...this.#told.keys()];
  }

  /** Whether the job has something to move: one that has nothing gives its share to the others. */
  moves(jobId: number, isMoving: boolean): void {
    if (isMoving) this.#idle.delete(jobId);
    else if (this.#told.has(jobId)) this.#idle.add(jobId);
  }

  /** The job runs no more, wherever it did. */
  end(jobId: number): void {
    this.#told.delete(jobId);
    this.#idle.delete(jobId);
  }

  /** What is to be told now, each job at most once; `cap` in bytes a second, null without one; `now` in milliseconds, of any clock. */
  divide(cap: number | null, now: number): ToldShare[] {
    const movers = this.#told.size - this.#idle.size;
    const share = cap === null ? UNCAPPED : Math.floor(cap / Math.max(1, movers));
    const wanted = (id: number) => (cap !== null && this.#idle.has(id) ? 0 : share);
    const less = this.#where((told, id) => told > wanted(id));
    if (less.length > 0) this.#settledAt = Number.POSITIVE_INFINITY;
    const more = now >= this.#settledAt ? this.#where((told, id) => told < wanted(id)) : [];
    const told: ToldShare[] = [];
    for (const bandwidth of new Set([0, share])) {
      const jobIds = [...less, ...more].filter((id) => wanted(id) === bandwidth);
      for (const id of jobIds) this.#told.set(id, bandwidth);
      if (jobIds.length > 0) told.push({ jobIds, bandwidth });
    }
    return told;
  }

  /** What was to be told can be heard since `now`. */
  told(now: number): void {
    if (this.#settledAt === Number.POSITIVE_INFINITY) this.#settledAt = now + SETTLES_MS;
  }

  #where(is: (told: number, id: number) => boolean): number[] {
    return [...this.#told].flatMap(([id, told]) => (is(told, id) ? id : []));
  }
}
