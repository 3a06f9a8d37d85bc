import type { ErrorCode } from '../../src/model/errors.js';
import {
  bottleneckInWords,
  bottleneckOf,
  type Decision,
  decide,
  type Failure,
  type Forecast,
  forecast,
  goingIn,
  type Hop,
  type Job,
  type JobProgress,
  type Night,
  RateMeter,
  startTuning,
  type Tuning,
  tune,
} from '../../src/scheduling/index.js';

/** One run of a job from its start to whatever ended it, in milliseconds since 1970. */
export interface Run {
  readonly job: Job;
  readonly from: number;
  readonly to: number;
  readonly end: 'done' | 'failed' | 'paused' | 'cancelled';
}

/** While it lasts every run through the hop fails. */
export interface Outage {
  readonly hop: Hop;
  readonly from: number;
  readonly to: number;
  readonly code: ErrorCode;
}

export interface WorldRules {
  readonly start: number;
  /** The world ends here, whatever is left. */
  readonly until: number;
  /** What a hop really gives, in bytes a second. */
  readonly capacityOf: (hop: Hop, at: number) => number;
  /** What a machine really takes before its data flows. */
  readonly secondsPerMachine: number;
  readonly outages?: readonly Outage[];
  /** Lets the number of machines at once find itself. */
  readonly tuned?: boolean;
  /** When to ask for a forecast. */
  readonly forecastsAt?: readonly number[];
}

interface AskedForecast {
  readonly at: number;
  readonly forecast: Forecast;
  /** Of the machines that ran then, in words. */
  readonly bottleneck: string | null;
}

export interface History {
  readonly runs: readonly Run[];
  readonly progress: ReadonlyMap<string, JobProgress>;
  readonly forecasts: readonly AskedForecast[];
  readonly meter: RateMeter;
  /** When hops gave all they have, by kind and name. */
  readonly full: ReadonlyMap<string, readonly Span[]>;
  /** Machines at once, each time it changed. */
  readonly atOnce: readonly number[];
  readonly endedAt: number;
}

/** Instants in milliseconds since 1970. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

interface Running {
  readonly job: Job;
  readonly from: number;
  /** When its data begins to flow. */
  readonly flowsAt: number;
  readonly movedBefore: number;
  moved: number;
}

const SAMPLE_MS = 10_000;
const TUNE_MS = 60_000;
/** A run on a host that is gone ends after so long. */
const FAILS_AFTER_MS = 20_000;

/**
 * A batch lived through with a virtual clock: the scheduler decides, machines move. Those that share a hop do not share it
 * equally, which the scheduler does not know.
 */
export function liveThrough(
  night: Omit<Night, 'progress' | 'failures' | 'rates'>,
  rules: WorldRules,
): History {
  return new World(night, rules).live();
}

class World {
  readonly #night: Omit<Night, 'progress' | 'failures' | 'rates'>;
  readonly #rules: WorldRules;
  readonly #jobs: ReadonlyMap<string, Job>;
  readonly #running = new Map<string, Running>();
  readonly #ended: { job: Job; bytes: number; ended: boolean }[] = [];
  readonly #progress = new Map<string, JobProgress>();
  readonly #failures: Failure[] = [];
  readonly #runs: Run[] = [];
  readonly #forecasts: AskedForecast[] = [];
  readonly #meter: RateMeter;
  readonly #full = new Map<string, Span[]>();
  readonly #atOnce: number[] = [];
  #tuning: Tuning;
  #throughput: number[] = [];
  /** Bytes a second for all machines together; null without a cap. */
  #cap: number | null = null;
  #now: number;

  constructor(night: Omit<Night, 'progress' | 'failures' | 'rates'>, rules: WorldRules) {
    this.#night = night;
    this.#rules = rules;
    this.#jobs = new Map(night.jobs.map((job) => [job.id, job]));
    this.#now = rules.start;
    const guess = 100 * 2 ** 20;
    const guesses = {
      host: guess,
      datastore: 2 * guess,
      link: 10 * guess,
      threads: 10 * guess,
      targetHost: 4 * guess,
      repository: 2 * guess,
    };
    this.#meter = new RateMeter(({ kind }) => guesses[kind], 5);
    this.#tuning = startTuning(night.limits.machinesAtOnce, rules.start);
  }

  live(): History {
    const forecastsAt = [...(this.#rules.forecastsAt ?? [])];
    let sampleAt = this.#now;
    let tuneAt = this.#now;
    let lookAgainAt: number | null = this.#now;
    let changed = true;
    while (this.#now < this.#rules.until) {
      if (this.#now >= sampleAt) {
        this.#sample();
        sampleAt = this.#now + SAMPLE_MS;
      }
      if (this.#rules.tuned === true && this.#now >= tuneAt) {
        changed = this.#tune() || changed;
        tuneAt = this.#now + TUNE_MS;
      }
      if (changed || (lookAgainAt !== null && this.#now >= lookAgainAt)) {
        const decision = decide(this.#state(), this.#now);
        this.#missUntold(decision);
        this.#obey(decision);
        this.#cap = decision.bandwidth.bytesPerSecond;
        lookAgainAt = decision.lookAgainAt;
        // What has stopped makes room.
        changed = decision.stop.length > 0;
        if (changed) continue;
      }
      while (forecastsAt[0] !== undefined && forecastsAt[0] <= this.#now) {
        forecastsAt.shift();
        this.#forecasts.push(this.#ask());
      }
      if (this.#running.size === 0 && lookAgainAt === null) break;
      if (this.#running.size === 0) {
        this.#now = Math.max(lookAgainAt ?? this.#now, this.#now);
        continue;
      }
      changed = this.#advance(Math.min(sampleAt, lookAgainAt ?? sampleAt));
    }
    return {
      runs: this.#runs,
      progress: this.#progress,
      forecasts: this.#forecasts,
      meter: this.#meter,
      full: this.#full,
      atOnce: this.#atOnce,
      endedAt: this.#now,
    };
  }

  #ask(): AskedForecast {
    const running = [...this.#running.values()].map(({ job }) => job);
    const hop = bottleneckOf(running, this.#meter, null);
    return {
      at: this.#now,
      forecast: forecast(this.#state(), this.#now),
      bottleneck: hop === null ? null : bottleneckInWords(hop),
    };
  }

  #state(): Night {
    const limits = this.#rules.tuned
      ? { ...this.#night.limits, machinesAtOnce: this.#tuning.atOnce }
      : this.#night.limits;
    return {
      ...this.#night,
      jobs: this.#night.jobs.map((job) => this.#running.get(job.id)?.job ?? job),
      limits,
      progress: this.#progress,
      failures: this.#failures,
      rates: this.#meter,
    };
  }

  /** Whatever waits is started or told why not. */
  #missUntold({ start, heldBack }: Decision): void {
    const started = new Set(start);
    for (const { id } of this.#night.jobs) {
      const state = this.#progress.get(id)?.state ?? 'waiting';
      if (state !== 'waiting' && state !== 'paused') continue;
      if (started.has(id) === heldBack.has(id)) throw new Error(`${id} is neither started nor held back`);
    }
  }

  #obey({ start, stop, waysIn }: Decision): void {
    for (const { jobId, how } of stop) {
      const running = this.#running.get(jobId);
      if (running === undefined) throw new Error(`${jobId} is told to stop and does not run`);
      this.#finish(running, how === 'pause' ? 'paused' : 'cancelled');
    }
    for (const id of start) {
      const open = this.#jobs.get(id);
      const way = waysIn.get(id);
      const job = open === undefined || way === undefined ? open : goingIn(open, way);
      const before = this.#progress.get(id);
      if (job === undefined || this.#running.has(id) || before?.state === 'done')
        throw new Error(`${id} is told to start and cannot`);
      const movedBefore = before?.movedBytes ?? 0;
      const flowsAt = this.#now + this.#rules.secondsPerMachine * 1000;
      this.#running.set(id, { job, from: this.#now, flowsAt, movedBefore, moved: 0 });
      this.#progress.set(id, { state: 'running', movedBytes: movedBefore, endedAt: null, onHold: false });
    }
  }

  /** Goes on to the next event, at most to `limit`; true when a run has ended. */
  #advance(limit: number): boolean {
    const { rates, full } = this.#rates();
    let next = limit;
    for (const running of this.#running.values()) next = Math.min(next, this.#nextOf(running, rates));
    next = Math.max(next, this.#now + 1);
    const seconds = (next - this.#now) / 1000;
    for (const running of this.#running.values()) {
      if (running.flowsAt <= this.#now) running.moved += (rates.get(running.job.id) ?? 0) * seconds;
    }
    for (const key of full) {
      const spans = this.#full.get(key) ?? [];
      this.#full.set(key, spans);
      spans.push({ from: this.#now, to: next });
    }
    this.#now = next;
    let ended = false;
    for (const running of [...this.#running.values()]) {
      const { job, moved, movedBefore, flowsAt } = running;
      this.#progress.set(job.id, {
        state: 'running',
        movedBytes: Math.min(job.bytes, movedBefore + moved),
        endedAt: null,
        onHold: false,
      });
      const outage = this.#outageOf(running);
      const isDone = flowsAt <= this.#now && movedBefore + moved >= job.bytes - 1;
      if (outage === null && !isDone) continue;
      if (outage !== null) this.#failures.push({ jobId: job.id, at: this.#now, code: outage.code });
      this.#finish(running, outage === null ? 'done' : 'failed');
      ended = true;
    }
    return ended;
  }

  #nextOf({ job, flowsAt, moved, movedBefore, from }: Running, rates: ReadonlyMap<string, number>): number {
    let next = Number.POSITIVE_INFINITY;
    for (const outage of this.#outagesOf(job)) {
      const fails = Math.max(outage.from, from) + FAILS_AFTER_MS;
      if (fails > this.#now && fails < outage.to + FAILS_AFTER_MS) next = Math.min(next, fails);
    }
    if (flowsAt > this.#now) return Math.min(next, flowsAt);
    const left = (job.bytes - movedBefore - moved) / (rates.get(job.id) ?? 1);
    return Math.min(next, Math.ceil(this.#now + left * 1000));
  }

  #outageOf({ job, from }: Running): Outage | null {
    return (
      this.#outagesOf(job).find(
        (outage) => this.#now < outage.to && this.#now >= Math.max(outage.from, from) + FAILS_AFTER_MS,
      ) ?? null
    );
  }

  #outagesOf(job: Job): readonly Outage[] {
    return (this.#rules.outages ?? []).filter(({ hop }) =>
      job.hops.some(({ kind, name }) => kind === hop.kind && name === hop.name),
    );
  }

  #rates(): { rates: ReadonlyMap<string, number>; full: ReadonlySet<string> } {
    const flowing = [...this.#running.values()].filter(({ flowsAt }) => flowsAt <= this.#now);
    const hops = new Map<string, { room: number; jobs: Job[] }>();
    for (const { job } of flowing) {
      for (const hop of job.hops) {
        const key = `${hop.kind}/${hop.name}`;
        const known = hops.get(key) ?? { room: this.#rules.capacityOf(hop, this.#now), jobs: [] };
        hops.set(key, known);
        known.jobs.push(job);
      }
    }
    if (this.#cap !== null) hops.set('cap', { room: this.#cap, jobs: flowing.map(({ job }) => job) });
    return fill([...hops].map(([key, hop]) => ({ key, ...hop })));
  }

  #finish({ job, from, flowsAt, moved, movedBefore }: Running, end: Run['end']): void {
    this.#running.delete(job.id);
    this.#runs.push({ job, from, to: this.#now, end });
    this.#ended.push({ job, bytes: moved, ended: true });
    if (end === 'done') this.#meter.machineTook((flowsAt - from) / 1000);
    this.#progress.set(job.id, {
      state: end,
      movedBytes: Math.min(job.bytes, movedBefore + moved),
      endedAt: this.#now,
      onHold: false,
    });
  }

  #sample(): void {
    const running = [...this.#running.values()].map(({ job, moved }) => ({
      job,
      bytes: moved,
      ended: false,
    }));
    this.#meter.sample([...running, ...this.#ended.splice(0)], this.#now, this.#cap);
    this.#throughput.push(this.#meter.throughput);
  }

  /** True when another number of machines may run now. */
  #tune(): boolean {
    const sum = this.#throughput.reduce((total, each) => total + each, 0);
    const load = { running: this.#running.size, bytesPerSecond: sum / Math.max(1, this.#throughput.length) };
    this.#throughput = [];
    const before = this.#tuning.atOnce;
    this.#tuning = tune(this.#tuning, load, this.#night.limits.machinesAtOnce, this.#now);
    if (before !== this.#tuning.atOnce) this.#atOnce.push(this.#tuning.atOnce);
    return before !== this.#tuning.atOnce;
  }
}

/** Some get more than others of what they share, for no reason that anybody sees: 0.6 to 1.4. */
function greed({ id }: Job): number {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + letter.charCodeAt(0)) % 997;
  return 0.6 + (0.8 * sum) / 996;
}

/** All machines grow, each by its greed, until a hop is full; those on it stay at that, the others grow on. */
function fill(hops: { readonly key: string; room: number; jobs: Job[] }[]): {
  rates: ReadonlyMap<string, number>;
  full: ReadonlySet<string>;
} {
  const rates = new Map<string, number>();
  const filled = new Set<string>();
  for (;;) {
    let least = Number.POSITIVE_INFINITY;
    let full: readonly Job[] = [];
    let fullest = '';
    for (const { key, room, jobs } of hops) {
      const weight = jobs.reduce((sum, job) => sum + greed(job) * partOf(job, key), 0);
      if (jobs.length === 0 || room / weight >= least) continue;
      least = Math.max(0, room / weight);
      full = jobs;
      fullest = key;
    }
    if (full.length === 0) return { rates, full: filled };
    filled.add(fullest);
    for (const job of full) rates.set(job.id, least * greed(job));
    for (const hop of hops) {
      const leaving = hop.jobs.filter((job) => rates.has(job.id));
      for (const job of leaving) hop.room -= least * greed(job) * partOf(job, hop.key);
      hop.jobs = hop.jobs.filter((job) => !rates.has(job.id));
    }
  }
}

function partOf({ hops }: Job, key: string): number {
  if (key === 'cap') return 1;
  return hops.find(({ kind, name }) => `${kind}/${name}` === key)?.share ?? 0;
}
