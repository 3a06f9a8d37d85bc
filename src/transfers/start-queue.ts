import { MinHeap } from './min-heap.js';

/** Something that only so many machines may use at a time: a host, a datastore. */
export interface Slot {
  readonly name: string;
  readonly limit: number;
}

interface Places {
  free: number;
  /** Lanes whose next machine waits for a place here. */
  readonly waiting: MinHeap<Lane>;
}

/** Machines that need places at the same slots: if one of them has to wait, so have those behind it. */
interface Lane {
  readonly places: readonly Places[];
  readonly machines: number[];
  head: number;
  /** Where a place came free for this lane; whoever is behind it there is asked once it has been. */
  wokenBy: Places | null;
}

/**
 * Says which machine starts next: the first in order for which there is room. Each lane waits at one slot that is full
 * and is looked at again only when a place comes free there, so the cost does not grow with the number that wait.
 */
export class StartQueue {
  readonly #ready = new MinHeap<Lane>(({ machines, head }) => machines[head] ?? Number.POSITIVE_INFINITY);
  readonly #places: readonly (readonly Places[])[];
  #free: number;

  /**
   * `slots` of each machine, in the order in which machines are to start; each slot's name at most once a machine. Those
   * that are not `ready` wait for `release`.
   */
  constructor(
    slots: readonly (readonly Slot[])[],
    atOnce: number,
    ready: (machine: number) => boolean = () => true,
  ) {
    this.#free = atOnce;
    const places = new Map<string, Places>();
    const lanes = new Map<string, Lane>();
    this.#places = slots.map((needed, machine) => {
      const key = JSON.stringify(needed.map(({ name }) => name).sort());
      const lane = lanes.get(key) ?? {
        places: placesOf(needed, places),
        machines: [],
        head: 0,
        wokenBy: null,
      };
      lanes.set(key, lane);
      if (ready(machine)) lane.machines.push(machine);
      return lane.places;
    });
    for (const lane of lanes.values()) if (lane.machines.length > 0) this.#ready.push(lane);
  }

  /** The machine that starts now, by its position; null when none may. */
  next(): number | null {
    while (this.#free > 0) {
      const lane = this.#ready.pop();
      if (lane === undefined) return null;
      const { wokenBy } = lane;
      lane.wokenBy = null;
      const full = lane.places.find(({ free }) => free === 0);
      const machine = lane.machines[lane.head];
      if (full !== undefined) full.waiting.push(lane);
      else {
        for (const places of lane.places) places.free -= 1;
        this.#free -= 1;
        lane.head += 1;
        if (lane.head < lane.machines.length) this.#ready.push(lane);
      }
      if (wokenBy !== null) this.#wake(wokenBy);
      if (full === undefined) return machine ?? null;
    }
    return null;
  }

  /** A machine that was not ready may start from now on. */
  release(machine: number): void {
    const places = this.#places[machine];
    // A lane of its own: those of the others must not change their heads while they wait.
    if (places !== undefined) this.#ready.push({ places, machines: [machine], head: 0, wokenBy: null });
  }

  /** A machine that had started has ended. */
  end(machine: number): void {
    this.#free += 1;
    for (const places of this.#places[machine] ?? []) {
      places.free += 1;
      this.#wake(places);
    }
  }

  #wake(places: Places): void {
    const lane = places.free > 0 ? places.waiting.pop() : undefined;
    if (lane === undefined) return;
    lane.wokenBy = places;
    this.#ready.push(lane);
  }
}

function placesOf(slots: readonly Slot[], known: Map<string, Places>): Places[] {
  return slots.map(({ name, limit }) => {
    const places = known.get(name) ?? {
      free: limit,
      waiting: new MinHeap<Lane>(({ machines, head }) => machines[head] ?? Number.POSITIVE_INFINITY),
    };
    known.set(name, places);
    return places;
  });
}
