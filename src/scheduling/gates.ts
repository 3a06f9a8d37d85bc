import { followersOf } from './followers.js';
import { type Hold, hold } from './holds.js';
import { type Job, type Night, progressOf } from './night.js';
import { retryAt } from './retries.js';
import type { Troubles } from './troubles.js';

/** What must be over before a job may start: earlier waves, and the jobs that it comes after. */
export class Gates {
  readonly #night: Night;
  readonly #jobs: ReadonlyMap<string, Job>;
  readonly #ended = new Set<string>();
  readonly #places: ReadonlyMap<string, number>;
  /** Of each wave, how many have not ended, but for those that wait for their cutover alone. */
  readonly #open: number[];
  /** Of each wave, when the last job of it or of an earlier one ended. */
  readonly #lastEnd: number[];
  /** The first wave in which something is left to do. */
  readonly #current: number;

  constructor(night: Night, troubles: Troubles) {
    this.#night = night;
    this.#jobs = new Map(night.jobs.map((job) => [job.id, job]));
    this.#places = new Map(night.waves.map(({ name }, place) => [name, place]));
    this.#open = night.waves.map(() => 0);
    this.#lastEnd = night.waves.map(() => 0);
    for (const job of night.jobs) {
      if (this.#hasEnded(job, troubles)) this.#ended.add(job.id);
    }
    this.#strand();
    for (const job of night.jobs) {
      const place = this.#placeOf(job);
      if (this.#ended.has(job.id)) {
        const end = progressOf(night, job).endedAt ?? 0;
        this.#lastEnd[place] = Math.max(this.#lastEnd[place] ?? 0, end);
      } else if (!this.#awaitsCutover(job)) this.#open[place] = (this.#open[place] ?? 0) + 1;
    }
    for (let place = 1; place < this.#lastEnd.length; place++) {
      this.#lastEnd[place] = Math.max(this.#lastEnd[place] ?? 0, this.#lastEnd[place - 1] ?? 0);
    }
    const current = this.#open.findIndex((open) => open > 0);
    this.#current = current === -1 ? night.waves.length : current;
  }

  /** Whether nothing will be done for it any more, unless somebody asks for it. */
  hasEnded({ id }: Job): boolean {
    return this.#ended.has(id);
  }

  /** Null when nothing has to end first. */
  hold(job: Job): Hold | null {
    const lost = job.after.map((id) => this.#jobs.get(id)).find((other) => this.#isLost(other));
    if (lost !== undefined) {
      const { state } = progressOf(this.#night, lost);
      return hold('dependency', `waits for ${lost.name}, which ${ENDS[state] ?? 'waits in vain as well'}`);
    }
    if (this.#placeOf(job) > this.#current && !this.#awaitsCutover(job)) {
      const left = this.#open[this.#current] ?? 0;
      const wave = this.#night.waves[this.#current]?.name ?? '';
      return hold('wave', `waits for wave ${wave}, in which ${left} ${left === 1 ? 'is' : 'are'} left`);
    }
    const missing = job.after.find((id) => this.#stateOf(id) !== 'done');
    if (missing === undefined) return null;
    return hold('dependency', `waits for ${this.#jobs.get(missing)?.name ?? missing}`);
  }

  /** Since when a job that waits for nothing else could have started, in milliseconds since 1970. */
  readySince(job: Job): number {
    const before = this.#lastEnd[this.#placeOf(job) - 1] ?? 0;
    return job.after.reduce(
      (latest, id) => Math.max(latest, this.#night.progress.get(id)?.endedAt ?? 0),
      Math.max(job.enlistedAt, before),
    );
  }

  #hasEnded(job: Job, troubles: Troubles): boolean {
    const { state } = progressOf(this.#night, job);
    if (state === 'failed') return retryAt(troubles.of(job.id), this.#night.policy) === null;
    return state === 'done' || state === 'cancelled';
  }

  /** What waits for a job that ended otherwise than done has ended as well: nothing may wait for it in turn. */
  #strand(): void {
    const followers = followersOf(this.#night.jobs);
    if (followers.size === 0) return;
    const lost = [...this.#ended].filter((id) => this.#stateOf(id) !== 'done');
    for (let id = lost.pop(); id !== undefined; id = lost.pop()) {
      for (const job of followers.get(id) ?? []) {
        if (this.#ended.has(job.id) || this.#stateOf(job.id) === 'running') continue;
        this.#ended.add(job.id);
        lost.push(job.id);
      }
    }
  }

  #isLost(job: Job | undefined): boolean {
    return job !== undefined && this.#ended.has(job.id) && this.#stateOf(job.id) !== 'done';
  }

  #awaitsCutover(job: Job): boolean {
    return progressOf(this.#night, job).awaitsCutover === true;
  }

  #stateOf(id: string): string {
    return progressOf(this.#night, { id }).state;
  }

  #placeOf({ wave }: Job): number {
    return this.#places.get(wave) ?? 0;
  }
}

const ENDS: Partial<Record<string, string>> = { failed: 'failed', cancelled: 'was cancelled' };
