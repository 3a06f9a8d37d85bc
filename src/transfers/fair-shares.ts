/** What all who use it together can be held back by. */
export type SharedKind = 'source' | 'network' | 'threads' | 'target';

export interface Resource {
  readonly kind: SharedKind;
  /** Bytes a second; 0 where nothing gets through. */
  readonly capacity: number;
}

/** How much of a resource one byte of guest data takes. */
export interface Use {
  /** Its position among the resources. */
  readonly resource: number;
  /** Above 0; 1 where all of a machine's data goes through it. */
  readonly share: number;
}

/** Machines that use the same resources in the same proportions, and so are equally fast. */
export interface Flow {
  readonly uses: readonly Use[];
  /** How many there are now. */
  count: number;
  /** Bytes a second of each. */
  rate: number;
  /** The resource that lets it be no faster. */
  heldBy: number;
}

/** Stands for the resource that holds a flow back while none does yet. */
const GROWING = -1;

/** Below this part of its capacity nothing is left of a resource but what rounding left. */
const ROUNDING = 1e-9;

/**
 * Shares resources out by progressive filling, which is max-min fair: all flows grow alike until a resource is used up,
 * its users stay at that rate, the others grow on (Bertsekas and Gallager, Data Networks, section 6.5.2).
 */
export class FairShares {
  readonly #capacities: Float64Array;
  readonly #users: Flow[][];
  /** What those flows leave whose rate is settled; of resources that are in use. */
  readonly #room: Float64Array;
  /** Of each resource, what flows that still grow take a byte a second each. */
  readonly #weight: Float64Array;
  readonly #growing: Int32Array;
  readonly #inUse: number[] = [];

  constructor(resources: readonly Resource[]) {
    this.#capacities = Float64Array.from(resources, ({ capacity }) => capacity);
    this.#users = resources.map(() => []);
    this.#room = Float64Array.from(this.#capacities);
    this.#weight = new Float64Array(resources.length);
    this.#growing = new Int32Array(resources.length);
  }

  /** From the next `share` on the resource gives so many bytes a second. */
  setCapacity(resource: number, bytesPerSecond: number): void {
    this.#capacities[resource] = bytesPerSecond;
    this.#room[resource] = bytesPerSecond;
  }

  /** Sets `rate` and `heldBy` of every flow; each uses something. */
  share(flows: Iterable<Flow>): void {
    this.#clear();
    for (const flow of flows) this.#enter(flow);
    let settled = 0;
    for (let tightest = this.#tightest(); tightest !== null; tightest = this.#tightest()) {
      // By rounding alone could it be below the last one's.
      settled = Math.max(settled, this.#fullAt(tightest));
      for (const flow of this.#users[tightest] ?? []) {
        if (flow.heldBy === GROWING) this.#settle(flow, settled, tightest);
      }
    }
  }

  /** Whether a newcomer would only take from those who use it already. */
  isUsedUp(resource: number): boolean {
    return this.#at(this.#room, resource) <= this.#at(this.#capacities, resource) * ROUNDING;
  }

  #clear(): void {
    for (const resource of this.#inUse) {
      // Emptied, not replaced: this runs at every step.
      const users = this.#users[resource];
      if (users !== undefined) users.length = 0;
      this.#room[resource] = this.#at(this.#capacities, resource);
      this.#weight[resource] = 0;
      this.#growing[resource] = 0;
    }
    this.#inUse.length = 0;
  }

  #enter(flow: Flow): void {
    flow.rate = 0;
    flow.heldBy = GROWING;
    for (const { resource, share } of flow.uses) {
      const users = this.#users[resource];
      if (users?.length === 0) this.#inUse.push(resource);
      users?.push(flow);
      this.#weight[resource] = this.#at(this.#weight, resource) + share * flow.count;
      this.#growing[resource] = this.#at(this.#growing, resource) + 1;
    }
  }

  /** The resource that is used up first while all grow; null when none grows any more. */
  #tightest(): number | null {
    let tightest: number | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (const resource of this.#inUse) {
      if (this.#at(this.#growing, resource) === 0) continue;
      const rate = this.#fullAt(resource);
      if (tightest !== null && rate >= least) continue;
      tightest = resource;
      least = rate;
    }
    return tightest;
  }

  /** The rate of its growing users at which a resource is used up. */
  #fullAt(resource: number): number {
    // A share too small to count beside the others can leave both at 0, or just below.
    const room = Math.max(0, this.#at(this.#room, resource));
    return room / Math.max(Number.MIN_VALUE, this.#at(this.#weight, resource));
  }

  #settle(flow: Flow, rate: number, heldBy: number): void {
    flow.rate = rate;
    flow.heldBy = heldBy;
    for (const { resource, share } of flow.uses) {
      this.#room[resource] = this.#at(this.#room, resource) - share * flow.count * rate;
      this.#weight[resource] = this.#at(this.#weight, resource) - share * flow.count;
      this.#growing[resource] = this.#at(this.#growing, resource) - 1;
    }
  }

  #at(values: Float64Array | Int32Array, resource: number): number {
    return values[resource] ?? 0;
  }
}
