import { FairShares, type Flow, type Resource, type SharedKind } from './fair-shares.js';
import { MinHeap } from './min-heap.js';
import { StartQueue } from './start-queue.js';
import type { Transfer } from './transfer.js';

/** Seconds for which each held the wave back; `machines` when more at once would have been faster. */
export type HeldBack = Record<SharedKind | 'machines', number>;

/** When a machine is moved, in seconds of work from the start of its wave. */
interface Span {
  readonly start: number;
  readonly end: number;
}

export interface WaveRun {
  readonly seconds: number;
  /** In the order of the transfers. */
  readonly spans: readonly Span[];
  readonly heldBack: HeldBack;
  /** How often rates were shared out: at most twice a machine. */
  readonly events: number;
}

interface WaveRules {
  readonly resources: readonly Resource[];
  readonly machinesAtOnce: number;
  /** What a machine takes before its data flows. */
  readonly secondsPerMachine: number;
}

/** Bytes so close to a transfer's end that only rounding keeps them from it, and that as a part of all bytes. */
const ROUNDING_BYTES = 1e-3;
const ROUNDING = 1e-12;

/**
 * Plays a wave through: machines start in their order as limits allow and share what there is; rates change only
 * when one begins or ends. Counts flows, not machines: those of one flow are equally fast, so one number tells how far
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
    this.#queue = new StartQueue(
      transfers.map(({ slots }) => slots),
      rules.machinesAtOnce,
    );
    this.#shares = new FairShares(rules.resources);
    this.#starts = new Float64Array(transfers.length);
    this.#ends = new Float64Array(transfers.length);
    for (const { needs } of transfers) this.#waiting.set(needs, (this.#waiting.get(needs) ?? 0) + 1);
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
      const machine = this.#queue.next();
      if (machine !== null) this.#open(machine);
      else if (!this.#begin()) return this.#streams.size > 0 || this.#opened < this.#opening.length;
    }
  }

  /** Goes on to the next moment at which a machine begins to move data or ends. */
  step(): void {
    this.#events += 1;
    this.#shares.share(this.#streams.keys());
    const first = this.#firstToEnd();
    const opens = this.#opening[this.#opened]?.until ?? Number.POSITIVE_INFINITY;
    const ends = this.#now + first.seconds;
    const seconds = opens <= ends ? opens - this.#now : first.seconds;
    this.#account(seconds);
    this.#now = Math.min(opens, ends);
    for (const [flow, stream] of this.#streams) {
      stream.moved += flow.rate * seconds;
      if (ends <= opens && flow === first.flow) stream.moved = stream.ends.least?.at ?? stream.moved;
      this.#finishStream(flow, stream);
    }
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
