import { FairShares, type Flow, type Resource, type SharedKind } from './fair-shares.js';
import { MinHeap } from './min-heap.js';
import { StartQueue } from './start-queue.js';
import type { Transfer } from './transfer.js';

/** Seconds for which each held the wave back; `machines` when more at once would have been faster. */
export type HeldBack = Record<SharedKind | 'machines', number>;

/** From a moment on, in seconds of work from the start of the wave, a resource gives another number of bytes a second. */
export interface CapacityChange {
  readonly at: number;
  readonly resource: number;
  readonly capacity: number;
}

/** When a machine is moved, in seconds of work from the start of its wave; infinite when nothing moves any more. */
interface Span {
  readonly start: number;
  readonly end: number;
}

export interface WaveRun {
  readonly seconds: number;
  /** In the order of the transfers. */
  readonly spans: readonly Span[];
  readonly heldBack: HeldBack;
  /** How often rates were shared out: at most twice a machine, and once for what changes and for who had to wait. */
  readonly events: number;
}

interface WaveRules {
  readonly resources: readonly Resource[];
  readonly machinesAtOnce: number;
  /** What a machine takes before its data flows. */
  readonly secondsPerMachine: number;
  /** In the order of time; as many are asked for as come before the wave's end. */
  readonly changes?: Iterable<CapacityChange>;
}

/** Bytes so close to a transfer's end that only rounding keeps them from it, and that as a part of all bytes. */
const ROUNDING_BYTES = 1e-3;
const ROUNDING = 1e-12;

/**
 * Plays a wave through: machines start in their order as limits allow and share what there is; rates change only
 * when one begins or ends, and where `changes` say so. Counts flows, not machines: those of one flow are equally fast, so one number tells how far
 * each has come.
 */
export function simulateWave(transfers: readonly Transfer[], rules: WaveRules): WaveRun {
  const wave = new Wave(transfers, rules);
  while (wave.start()) wave.step();
  return wave.run;
}

/** Machines of one flow that are being moved. */
interface Stream {
  /** Bytes that a machine would have moved that had been here from the beginning. */
  moved: number;
  readonly ends: MinHeap<{ readonly machine: number; readonly at: number }>;
}

class Wave {
  readonly #transfers: readonly Transfer[];
  readonly #rules: WaveRules;
  readonly #queue: StartQueue;
  readonly #changes: Iterator<CapacityChange>;
  #change: CapacityChange | null;
  /** Of each machine, how many must end before it starts. */
  readonly #missing: Int32Array;
  readonly #followers = new Map<number, number[]>();
  /** Machines that wait for nothing but their time. */
  readonly #delayed = new MinHeap<{ readonly machine: number; readonly at: number }>(({ at }) => at);
  /** Whether nothing moves any more, nor ever will. */
  #stuck = false;
  readonly #shares: FairShares;
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;
  /** Machines that have started but move nothing yet, in the order in which they will. */
  readonly #opening: { readonly machine: number; readonly until: number }[] = [];
  #opened = 0;
  readonly #streams = new Map<Flow, Stream>();
  /** How many machines have not started, by what they need. */
  readonly #waiting = new Map<readonly number[], number>();
  #heldBack: HeldBack = { source: 0, network: 0, threads: 0, target: 0, machines: 0 };
  #now = 0;
  #events = 0;

  constructor(transfers: readonly Transfer[], rules: WaveRules) {
    this.#transfers = transfers;
    this.#rules = rules;
    this.#missing = Int32Array.from(transfers, ({ after = [] }) => after.length);
    this.#queue = new StartQueue(
      transfers.map(({ slots }) => slots),
      rules.machinesAtOnce,
      (machine) => this.#isReady(machine),
    );
    this.#changes = (rules.changes ?? [])[Symbol.iterator]();
    this.#change = this.#nextChange();
    this.#shares = new FairShares(rules.resources);
    this.#starts = new Float64Array(transfers.length).fill(Number.POSITIVE_INFINITY);
    this.#ends = new Float64Array(transfers.length).fill(Number.POSITIVE_INFINITY);
    for (const [machine, { needs, after = [], readyAt = 0 }] of transfers.entries()) {
      this.#waiting.set(needs, (this.#waiting.get(needs) ?? 0) + 1);
      for (const other of after) this.#follow(other, machine);
      if (after.length === 0 && readyAt > 0) this.#delayed.push({ machine, at: readyAt });
    }
  }

  get run(): WaveRun {
    const spans = this.#transfers.map((_, machine) => ({
      start: this.#starts[machine] ?? 0,
      end: this.#ends[machine] ?? 0,
    }));
    return { seconds: this.#now, spans, heldBack: this.#heldBack, events: this.#events };
  }

  /** Starts what may start now; false when nothing is left to do. */
  start(): boolean {
    for (;;) {
      this.#passTime();
      const machine = this.#queue.next();
      if (machine !== null) this.#open(machine);
      else if (!this.#begin()) return !this.#stuck && this.#isUnderWay();
    }
  }

  /** Goes on to the next moment at which a machine begins to move data or ends, or at which something changes. */
  step(): void {
    this.#events += 1;
    this.#shares.share(this.#streams.keys());
    const first = this.#firstToEnd();
    const ends = this.#now + first.seconds;
    const others = Math.min(
      this.#opening[this.#opened]?.until ?? Number.POSITIVE_INFINITY,
      this.#change?.at ?? Number.POSITIVE_INFINITY,
      this.#delayed.least?.at ?? Number.POSITIVE_INFINITY,
    );
    const next = Math.min(others, ends);
    this.#stuck = next === Number.POSITIVE_INFINITY;
    if (this.#stuck) return;
    const seconds = others <= ends ? others - this.#now : first.seconds;
    this.#account(seconds);
    this.#now = next;
    for (const [flow, stream] of this.#streams) {
      stream.moved += flow.rate * seconds;
      if (ends <= others && flow === first.flow) stream.moved = stream.ends.least?.at ?? stream.moved;
      this.#finishStream(flow, stream);
    }
  }

  #isReady(machine: number): boolean {
    return this.#missing[machine] === 0 && (this.#transfer(machine).readyAt ?? 0) <= this.#now;
  }

  #follow(machine: number, follower: number): void {
    const known = this.#followers.get(machine);
    if (known === undefined) this.#followers.set(machine, [follower]);
    else known.push(follower);
  }

  #nextChange(): CapacityChange | null {
    const next = this.#changes.next();
    return next.done === true ? null : next.value;
  }

  /** What was to be at a time that has come. */
  #passTime(): void {
    while (this.#change !== null && this.#change.at <= this.#now) {
      this.#shares.setCapacity(this.#change.resource, this.#change.capacity);
      this.#change = this.#nextChange();
    }
    for (let least = this.#delayed.least; least !== undefined && least.at <= this.#now; ) {
      this.#delayed.pop();
      this.#queue.release(least.machine);
      least = this.#delayed.least;
    }
  }

  #isUnderWay(): boolean {
    return this.#streams.size > 0 || this.#opened < this.#opening.length || this.#delayed.size > 0;
  }

  #open(machine: number): void {
    const { needs, underWay = false } = this.#transfer(machine);
    const waiting = (this.#waiting.get(needs) ?? 0) - 1;
    if (waiting === 0) this.#waiting.delete(needs);
    else this.#waiting.set(needs, waiting);
    this.#starts[machine] = this.#now;
    const seconds = underWay ? 0 : this.#rules.secondsPerMachine;
    this.#opening.push({ machine, until: this.#now + seconds });
  }

  /** Lets data flow for all that are open by now; true when one of them has none, so its place is free. */
  #begin(): boolean {
    let placesCameFree = false;
    for (;;) {
      const next = this.#opening[this.#opened];
      if (next === undefined || next.until > this.#now) return placesCameFree;
      this.#opened += 1;
      const { bytes, flow } = this.#transfer(next.machine);
      if (bytes === 0) {
        this.#end(next.machine);
        placesCameFree = true;
        continue;
      }
      const stream = this.#streams.get(flow) ?? { moved: 0, ends: new MinHeap(({ at }) => at) };
      this.#streams.set(flow, stream);
      stream.ends.push({ machine: next.machine, at: stream.moved + bytes });
      flow.count = stream.ends.size;
    }
  }

  #firstToEnd(): { flow: Flow | null; seconds: number } {
    let first: { flow: Flow | null; seconds: number } = { flow: null, seconds: Number.POSITIVE_INFINITY };
    for (const [flow, { moved, ends }] of this.#streams) {
      const seconds = Math.max(0, ((ends.least?.at ?? moved) - moved) / flow.rate);
      if (seconds < first.seconds) first = { flow, seconds };
    }
    return first;
  }

  #finishStream(flow: Flow, stream: Stream): void {
    const reached = stream.moved * (1 + ROUNDING) + ROUNDING_BYTES;
    for (let least = stream.ends.least; least !== undefined && least.at <= reached; ) {
      stream.ends.pop();
      this.#end(least.machine);
      least = stream.ends.least;
    }
    flow.count = stream.ends.size;
    if (flow.count === 0) this.#streams.delete(flow);
  }

  #end(machine: number): void {
    this.#ends[machine] = this.#now;
    this.#queue.end(machine);
    for (const follower of this.#followers.get(machine) ?? []) {
      this.#missing[follower] = (this.#missing[follower] ?? 0) - 1;
      if (this.#missing[follower] !== 0) continue;
      if (this.#isReady(follower)) this.#queue.release(follower);
      else this.#delayed.push({ machine: follower, at: this.#transfer(follower).readyAt ?? 0 });
    }
  }

  #account(seconds: number): void {
    const moving = [...this.#streams.keys()].reduce((sum, { count }) => sum + count, 0);
    if (moving === 0 || this.#moreWouldHelp()) {
      this.#heldBack.machines += seconds;
      return;
    }
    for (const { count, heldBy } of this.#streams.keys()) {
      const kind = this.#rules.resources[heldBy]?.kind;
      if (kind !== undefined) this.#heldBack[kind] += (seconds * count) / moving;
    }
  }

  /** Whether a machine waits, for limits alone, that could be moved without taking from the others. */
  #moreWouldHelp(): boolean {
    for (const needs of this.#waiting.keys()) {
      if (!needs.some((resource) => this.#shares.isUsedUp(resource))) return true;
    }
    return false;
  }

  #transfer(machine: number): Transfer {
    const transfer = this.#transfers[machine];
    if (transfer === undefined) throw new RangeError(`no machine ${machine} in a wave`);
    return transfer;
  }
}
