import { FairShares, type Flow } from '../transfers/index.js';
import { HopNetwork } from './hop-network.js';
import { type HopRate, MeasuredHop } from './measured-hop.js';
import { type Hop, type HopKind, hopKey, type Job, type KnownRates } from './night.js';

/** How far a machine has come in its present run. */
export interface Moved {
  readonly job: Job;
  /** Since the run began. */
  readonly bytes: number;
  /** Whether the run has ended since the last sample. */
  readonly ended: boolean;
}

/** What a sample says of one hop, in bytes a second. */
interface Seen {
  readonly hop: Hop;
  actual: number;
  /** Machines that move through it, those of them that are slow, and those of these that it is expected to hold back. */
  machines: number;
  slow: number;
  heldBack: number;
}

/** So many machines count for what one takes beside its data. */
const MEMORY_MACHINES = 20;
/** What is known says of one machine. */
interface Expected {
  readonly bytesPerSecond: number;
  /** The hop that lets it be no faster. */
  readonly heldBy: string;
}

/** A machine that gets less of what it should is held back by something slower than was thought. */
const SLOW = 0.95;

/**
 * Learns what hops give from samples of running machines. Through a hop that is not the bottleneck goes less than it could
 * give; so a capacity is raised when more goes through, and lowered only where that best explains why machines are
 * slower than all capacities let expect: at the hop that most slow machines and fewest others go through.
 */
export class RateMeter implements KnownRates {
  readonly #guesses: Readonly<Record<HopKind, number>>;
  readonly #measured = new Map<string, MeasuredHop>();
  #sampledAt: number | null = null;
  /** By job: bytes at the last sample. */
  #before: ReadonlyMap<string, number> = new Map();
  /** Jobs whose data moved before the last sample. */
  #movers: readonly Job[] = [];
  #throughput = 0;
  #secondsPerMachine: number;
  #machines = 0;

  /** `guesses`: bytes a second of one hop of each kind, until they are measured. */
  constructor(guesses: Readonly<Record<HopKind, number>>, secondsPerMachine: number) {
    this.#guesses = guesses;
    this.#secondsPerMachine = secondsPerMachine;
  }

  get secondsPerMachine(): number {
    return this.#secondsPerMachine;
  }

  /** Of all machines in the last sample, in bytes a second. */
  get throughput(): number {
    return this.#throughput;
  }

  capacityOf(hop: Hop): number {
    return this.#measured.get(hopKey(hop))?.rate.capacity ?? this.#guesses[hop.kind];
  }

  /** Null for a hop through which nothing went yet. */
  rateOf(hop: Hop): HopRate | null {
    return this.#measured.get(hopKey(hop))?.rate ?? null;
  }

  /** A machine is done that took so many seconds beside those in which its data moved. */
  machineTook(seconds: number): void {
    this.#machines = Math.min(MEMORY_MACHINES, this.#machines + 1);
    this.#secondsPerMachine += (seconds - this.#secondsPerMachine) / this.#machines;
  }

  /**
   * All machines that run at `at` (milliseconds since 1970), and those that have ended since the last sample. `cap`: what
   * all were allowed together since then, in bytes a second; null without one.
   */
  sample(machines: readonly Moved[], at: number, cap: number | null): void {
    const seconds = this.#sampledAt === null ? 0 : (at - this.#sampledAt) / 1000;
    if (seconds > 0) this.#learn(machines, seconds, cap);
    const running = machines.filter(({ ended }) => !ended);
    this.#movers = running.filter((moved) => this.#delta(moved) > 0).map(({ job }) => job);
    this.#before = new Map(running.map(({ job, bytes }) => [job.id, bytes]));
    this.#sampledAt = at;
  }

  #learn(machines: readonly Moved[], seconds: number, cap: number | null): void {
    const moving = machines.filter((moved) => this.#delta(moved) > 0);
    const stayed = moving.filter(({ ended }) => !ended).map(({ job }) => job);
    const [then, now] = [this.#expected(this.#movers, cap), this.#expected(stayed, cap)];
    const seen = new Map<string, Seen>();
    const slow: Job[] = [];
    this.#throughput = 0;
    for (const moved of moving) {
      const { job } = moved;
      const actual = this.#delta(moved) / seconds;
      const [before, after] = [then.get(job.id), now.get(job.id)];
      this.#throughput += actual;
      const expected = Math.min(before?.bytesPerSecond ?? 0, after?.bytesPerSecond ?? 0);
      const isSlow = actual < SLOW * expected;
      if (isSlow) slow.push(job);
      addTo(seen, job, actual, isSlow ? (after?.heldBy ?? '') : null);
    }
    const blamed = blame(slow, seen);
    for (const [key, { hop, actual, machines: beside }] of seen) {
      const measured = this.#measured.get(key) ?? new MeasuredHop(this.#guesses[hop.kind]);
      this.#measured.set(key, measured);
      measured.note(actual, beside, seconds, blamed.has(key));
    }
  }

  /** By job. */
  #expected(jobs: readonly Job[], cap: number | null): ReadonlyMap<string, Expected> {
    const network = new HopNetwork(this, cap);
    const flows = new Map<string, Flow>();
    for (const job of jobs) {
      const flow = network.flowOf(job);
      flow.count += 1;
      flows.set(job.id, flow);
    }
    new FairShares(network.resources).share(new Set(flows.values()));
    return new Map(
      [...flows].map(([id, { rate, heldBy }]) => {
        const hop = network.hops[heldBy];
        return [id, { bytesPerSecond: rate, heldBy: hop === undefined ? '' : hopKey(hop) }];
      }),
    );
  }

  #delta({ job, bytes }: Moved): number {
    return bytes - (this.#before.get(job.id) ?? 0);
  }
}

/** `heldBy`: of a machine that is slow, the hop that was expected to hold it back; null of one that is not. */
function addTo(seen: Map<string, Seen>, job: Job, actual: number, heldBy: string | null): void {
  for (const hop of job.hops) {
    const key = hopKey(hop);
    const known = seen.get(key) ?? { hop, actual: 0, machines: 0, slow: 0, heldBack: 0 };
    seen.set(key, known);
    known.actual += actual * hop.share;
    known.machines += 1;
    if (heldBy !== null) known.slow += 1;
    if (heldBy === key) known.heldBack += 1;
  }
}

/** The hops that explain best why these machines are slow: each is slow because of the one with most to be said against it. */
function blame(slow: readonly Job[], seen: ReadonlyMap<string, Seen>): ReadonlySet<string> {
  return new Set(
    slow.map(({ hops }) => {
      const keys = hops.map(hopKey);
      return keys.reduce((worst, key) =>
        suspicion(seen.get(key)) > suspicion(seen.get(worst)) ? key : worst,
      );
    }),
  );
}

/** Slow machines speak against a hop, the more so the fewer others are there, and a little if it was expected of it. */
function suspicion(seen: Seen | undefined): number {
  if (seen === undefined) return 0;
  const { slow, machines, heldBack } = seen;
  return slow * (slow / machines) ** 2 + heldBack / 1000;
}
