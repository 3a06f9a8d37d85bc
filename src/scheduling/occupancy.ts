import { type Hold, hold } from './holds.js';
import { type Hop, hopKey, type Job, limitAt, type NightLimits } from './night.js';

/** Which places are taken, and which are left. */
export class Occupancy {
  readonly #limits: NightLimits;
  readonly #machines = new Map<string, number>();
  /** Places that nobody else gets. */
  readonly #keptFree = new Set<string>();
  #keptFor = '';
  #total = 0;

  constructor(limits: NightLimits) {
    this.#limits = limits;
  }

  /** Machines that are being moved. */
  get total(): number {
    return this.#total;
  }

  readonly at = (hop: Hop): number => this.#machines.get(hopKey(hop)) ?? 0;

  take(job: Job): void {
    this.#total += 1;
    for (const hop of job.hops) {
      const key = hopKey(hop);
      this.#machines.set(key, (this.#machines.get(key) ?? 0) + 1);
    }
  }

  /** Keeps the next place that comes free on each of the job's hops for it. Only the first job asked for gets this. */
  keepFreeFor(job: Job): void {
    if (this.#keptFree.size > 0) return;
    this.#keptFor = job.name;
    for (const hop of job.hops) {
      if (limitAt(this.#limits, hop) !== null) this.#keptFree.add(hopKey(hop));
    }
  }

  /** Null when there is room for one more. */
  hold(job: Job): Hold | null {
    const { machinesAtOnce, threads } = this.#limits;
    if (this.#total >= threads && threads < machinesAtOnce)
      return hold('limit', `limit of ${counted(threads, 'thread')}`);
    if (this.#total >= machinesAtOnce)
      return hold('limit', `limit of ${counted(machinesAtOnce, 'machine')} at once`);
    for (const hop of job.hops) {
      const limit = limitAt(this.#limits, hop);
      if (limit === null) continue;
      const key = hopKey(hop);
      const taken = this.#machines.get(key) ?? 0;
      if (taken >= limit) return hold('limit', `limit of ${limit} on ${hop.name}`);
      if (taken + 1 === limit && this.#keptFree.has(key)) {
        return hold('kept-free', `the place left on ${hop.name} is kept free for ${this.#keptFor}`);
      }
    }
    return null;
  }
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
