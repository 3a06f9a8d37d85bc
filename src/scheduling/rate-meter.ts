import { FairShares, type Flow } from '../transfers/index.js';
import { HopNetwork } from './hop-network.js';
import { type HopRate, MeasuredHop } from './measured-hop.js';
import { type Hop, hopKey, type Job, type KnownRates } from './night.js';
import { type Mover, Suspicions, slowness } from './suspicions.js';

/** How far a machine has come in its present run. */
export interface Moved {
  readonly job: Job;
  /** Since the run began. */
  readonly bytes: number;
  /** Whether the run has ended since the last sample. */
  readonly ended: boolean;
}

/** What a sample says of one hop. */
interface Seen {
  readonly hop: Hop;
  /** Bytes a second. */
  throughput: number;
  machines: number;
}

/** So many machines count for what one takes beside its data. */
const MEMORY_MACHINES = 20;
/** What is known says of one machine. */
interface Expected {
  readonly bytesPerSecond: number;
  /** The hop that lets it be no faster. */
  readonly heldBy: string;
}

/** A hop is full that gives nearly what it can. */
const FULL = 0.9;

/**
 * Learns what hops give from samples of running machines. Through a hop that is not the bottleneck goes less than it could
 * give; so a capacity is raised when more goes through, and lowered only where that best explains why machines are
 * slower than all capacities let expect.
 */
export class RateMeter implements KnownRates {
  readonly #guessOf: (hop: Hop) => number;
  readonly #measured = new Map<string, MeasuredHop>();
  #sampledAt: number | null = null;
  /** By job: bytes at the last sample. */
  #before: ReadonlyMap<string, number> = new Map();
  /** Jobs whose data moved before the last sample. */
  #movers: readonly Job[] = [];
  readonly #suspicions = new Suspicions();
  #throughput = 0;
  #secondsPerMachine: number;
  #machines = 0;

  /** `guessOf`: bytes a second of a hop until they are measured. */
  constructor(guessOf: (hop: Hop) => number, secondsPerMachine: number) {
    this.#guessOf = guessOf;
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
    return this.#measured.get(hopKey(hop))?.rate.capacity ?? this.#guessOf(hop);
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
    const movers = this.#moversOf(machines, seconds, cap);
    const seen = throughputs(movers);
    this.#throughput = movers.reduce((sum, { actual }) => sum + actual, 0);
    const isCapped = cap !== null && this.#throughput >= FULL * cap;
    const slow = isCapped ? null : this.#suspicions.worst(movers, (key) => this.#doubtOf(seen.get(key), key));
    const holds = new Set(isCapped ? [] : movers.map(({ heldBy }) => heldBy));
    for (const [key, { hop, throughput, machines: beside }] of seen) {
      const measured = this.#measured.get(key) ?? new MeasuredHop(this.#guessOf(hop));
      this.#measured.set(key, measured);
      measured.note(throughput, beside, seconds, {
        found: key === slow,
        full: holds.has(key) && throughput >= FULL * measured.rate.capacity,
      });
    }
    if (isCapped) return;
    for (const key of seen.keys()) this.#reconsider(key, movers, seconds);
  }

  /** Whether a hop that was found to be slow is needed to explain how slow its machines are. */
  #reconsider(key: string, movers: readonly Mover[], seconds: number): void {
    const measured = this.#measured.get(key);
    if (measured?.isOnTrial !== true) return;
    const jobs = movers.map(({ job }) => job);
    const others = this.#expected(jobs, null, {
      secondsPerMachine: this.#secondsPerMachine,
      capacityOf: (hop) => (hopKey(hop) === key ? measured.believed : this.capacityOf(hop)),
    });
    const charge = { actual: 0, expected: 0, machines: 0 };
    for (const { job, actual, expected } of movers) {
      if (expected === 0 || !job.hops.some((hop) => hopKey(hop) === key)) continue;
      charge.actual += actual;
      charge.expected += others.get(job.id)?.bytesPerSecond ?? 0;
      charge.machines += 1;
    }
    if (charge.expected > 0) measured.reconsider(slowness(charge), seconds);
  }

  /** What has been seen to give more is suspected less, the less the more that was. */
  #doubtOf(seen: Seen | undefined, key: string): number {
    const most = this.#measured.get(key)?.most ?? 0;
    if (seen === undefined || most <= seen.throughput) return 1;
    return seen.throughput / most;
  }

  #moversOf(machines: readonly Moved[], seconds: number, cap: number | null): Mover[] {
    const moving = machines.filter((moved) => this.#delta(moved) > 0);
    const stayed = moving.filter(({ ended }) => !ended).map(({ job }) => job);
    const [then, now] = [this.#expected(this.#movers, cap), this.#expected(stayed, cap)];
    return moving.map((moved) => {
      const [before, after] = [then.get(moved.job.id), now.get(moved.job.id)];
      return {
        job: moved.job,
        actual: this.#delta(moved) / seconds,
        expected: Math.min(before?.bytesPerSecond ?? 0, after?.bytesPerSecond ?? 0),
        heldBy: after?.heldBy ?? '',
      };
    });
  }

  /** By job. */
  #expected(
    jobs: readonly Job[],
    cap: number | null,
    rates: KnownRates = this,
  ): ReadonlyMap<string, Expected> {
    const network = new HopNetwork(rates, cap);
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

function throughputs(movers: readonly Mover[]): ReadonlyMap<string, Seen> {
  const seen = new Map<string, Seen>();
  for (const { job, actual } of movers) {
    for (const hop of job.hops) {
      const key = hopKey(hop);
      const known = seen.get(key) ?? { hop, throughput: 0, machines: 0 };
      seen.set(key, known);
      known.throughput += actual * hop.share;
      known.machines += 1;
    }
  }
  return seen;
}
