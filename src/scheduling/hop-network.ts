import type { Flow, Resource, SharedKind } from '../transfers/index.js';
import { type Hop, type HopKind, hopKey, type Job, type KnownRates } from './night.js';

const SHARED: Readonly<Record<HopKind, SharedKind>> = {
  host: 'source',
  datastore: 'source',
  link: 'network',
  threads: 'threads',
  targetHost: 'target',
  repository: 'target',
};

/** What stands for the cap on all machines together; no hop of a job has its name. */
const CAP: Hop = { kind: 'link', name: 'held at its cap' };

/** Jobs that use the same hops alike, as one flow, and the hops as resources of the capacities known now. */
export class HopNetwork {
  readonly #rates: KnownRates;
  readonly #resources: Resource[] = [];
  readonly #hops: Hop[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #flows = new Map<string, Flow>();

  /** `cap`: bytes a second of all jobs together; null without one. */
  constructor(rates: KnownRates, cap: number | null) {
    this.#rates = rates;
    if (cap !== null) this.#add(CAP, cap);
  }

  /** Of all jobs that were asked for. */
  get resources(): readonly Resource[] {
    return this.#resources;
  }

  /** In the order of the resources. */
  get hops(): readonly Hop[] {
    return this.#hops;
  }

  /** The flow of jobs like this; its count is the caller's. */
  flowOf(job: Job): Flow {
    const key = job.hops.map((hop) => `${hopKey(hop)} ${hop.share}`).join('\n');
    const known = this.#flows.get(key);
    if (known !== undefined) return known;
    const capped = this.#hops[0] === CAP ? [{ resource: 0, share: 1 }] : [];
    const own = job.hops.map((hop) => ({ resource: this.#numberOf(hop), share: hop.share }));
    const flow = { uses: [...capped, ...own], count: 0, rate: 0, heldBy: 0 };
    this.#flows.set(key, flow);
    return flow;
  }

  #numberOf(hop: Hop): number {
    const key = hopKey(hop);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#add({ kind: hop.kind, name: hop.name }, this.#rates.capacityOf(hop));
    this.#numbers.set(key, number);
    return number;
  }

  #add(hop: Hop, capacity: number): number {
    this.#hops.push(hop);
    return this.#resources.push({ kind: SHARED[hop.kind], capacity }) - 1;
  }
}
