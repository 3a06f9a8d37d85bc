import { type Bandwidth, bandwidthAt } from '../calendar/index.js';
import { Crowd } from './crowd.js';
import { Fit } from './fit.js';
import { Gates } from './gates.js';
import { type Hold, hold, inMinutes } from './holds.js';
import { type Job, type Night, progressOf, type WayIn } from './night.js';
import { Occupancy } from './occupancy.js';
import { inOrder } from './order.js';
import { retryAt } from './retries.js';
import { Troubles } from './troubles.js';
import { Units } from './units.js';
import { WaveWindows } from './wave-windows.js';
import { goingIn, leastBusyWay } from './ways-in.js';

/** What is to be done now. */
export interface Decision {
  /** Ids of jobs, in their order. */
  readonly start: readonly string[];
  /** Of those that had a choice, the way that they take, by id. */
  readonly waysIn: ReadonlyMap<string, WayIn>;
  /** Jobs that are left to do and do not start, by id. */
  readonly heldBack: ReadonlyMap<string, Hold>;
  readonly stop: readonly Stop[];
  /** What all machines together may move. */
  readonly bandwidth: Bandwidth;
  /** When to decide again though nothing has happened, in milliseconds since 1970; null when time changes nothing. */
  readonly lookAgainAt: number | null;
}

/** A running job that is to stop. Its places are free once it has. */
export interface Stop {
  readonly jobId: string;
  /** `pause` keeps what it has moved. */
  readonly how: 'pause' | 'cancel';
  readonly reason: string;
}

/**
 * Which jobs start at `now` (milliseconds since 1970), which do not and why, and which stop. To be asked whenever a job has
 * started, ended or failed, the operator has said something, and at `lookAgainAt`. Costs a sort of the jobs that could
 * start; beyond that each job is looked at a fixed number of times. Throws CONFIG_INVALID for a window whose time zone
 * does not exist, or that never opens.
 */
export function decide(night: Night, now: number): Decision {
  const round = new Round(night, now);
  return round.decide();
}

const NOTHING_MOVES = 'the bandwidth cap lets nothing through';
const NO_WAVES: ReadonlySet<string> = new Set();

class Round {
  readonly #night: Night;
  readonly #now: number;
  readonly #windows: WaveWindows;
  readonly #troubles: Troubles;
  readonly #gates: Gates;
  readonly #occupancy: Occupancy;
  readonly #bandwidth: Bandwidth;
  readonly #fit: Fit;
  readonly #heldBack = new Map<string, Hold>();
  readonly #waysIn = new Map<string, WayIn>();
  #lookAgainAt: number | null = null;

  constructor(night: Night, now: number) {
    this.#night = night;
    this.#now = now;
    this.#windows = new WaveWindows(night, now);
    this.#troubles = new Troubles(night);
    this.#gates = new Gates(night, this.#troubles);
    this.#occupancy = new Occupancy(night.limits);
    this.#bandwidth = bandwidthAt(night, now);
    this.#fit = new Fit(night, this.#windows, now, this.#bandwidth.bytesPerSecond);
  }

  decide(): Decision {
    const running = this.#running();
    const stop = running.flatMap((job) => this.#stop(job) ?? []);
    const start = this.#start();
    if (running.length + start.length + this.#heldBack.size > 0) this.#lookAgain(this.#bandwidth.until);
    return {
      start,
      waysIn: this.#waysIn,
      heldBack: this.#heldBack,
      stop,
      bandwidth: this.#bandwidth,
      lookAgainAt: this.#lookAgainAt,
    };
  }

  #running(): Job[] {
    const running = this.#night.jobs.filter((job) => progressOf(this.#night, job).state === 'running');
    for (const job of running) this.#occupancy.take(job);
    return running;
  }

  #stop(job: Job): Stop | null {
    if (progressOf(this.#night, job).onHold)
      return { jobId: job.id, how: 'pause', reason: 'paused by the operator' };
    // What waits for hours with its connections open loses them.
    if (this.#bandwidth.bytesPerSecond === 0) return { jobId: job.id, how: 'pause', reason: NOTHING_MOVES };
    const window = this.#windows.of(job);
    const { atWindowEnd } = this.#night.policy;
    if (window === null || atWindowEnd === 'finish') return null;
    if (window.opening.begin > this.#now)
      return { jobId: job.id, how: atWindowEnd, reason: `window ${window.name} is closed` };
    this.#lookAgainAtWindowEnd(job);
    return null;
  }

  #lookAgainAtWindowEnd(job: Job): void {
    const window = this.#windows.of(job);
    if (window !== null && this.#night.policy.atWindowEnd !== 'finish') this.#lookAgain(window.opening.end);
  }

  #start(): string[] {
    const { policy } = this.#night;
    const ready = this.#ready();
    const units = new Units(this.#night, this.#gates);
    const smallestFirst =
      policy.wouldNotFinish === 'smallest-first' ? this.#fit.wavesTooLarge(ready) : NO_WAVES;
    const rules = { now: this.#now, gates: this.#gates, units, smallestFirst };
    const crowd = new Crowd(this.#night, this.#windows, this.#now, this.#bandwidth.bytesPerSecond);
    const start: string[] = [];
    for (const { job: wanted, waited } of inOrder(ready, this.#night, rules)) {
      const way = this.#wayIn(wanted);
      const job = way === null ? wanted : goingIn(wanted, way);
      const held =
        this.#noPlace(job) ?? this.#fit.hold(job, units.startedWith(job), this.#occupancy) ?? crowd.hold(job);
      if (held === null) {
        start.push(job.id);
        if (way !== null) this.#waysIn.set(job.id, way);
        units.begin(job);
        this.#occupancy.take(job);
        crowd.join(job);
        this.#lookAgainAtWindowEnd(job);
        continue;
      }
      this.#hold(job, held);
      // Others would else take its places one at a time, and it would never find all of them free.
      if (held.kind === 'limit' && waited >= policy.ageStepSeconds) this.#occupancy.keepFreeFor(job);
    }
    return start;
  }

  #noPlace(job: Job): Hold | null {
    return this.#troubles.hold(job, this.#now, this.#occupancy.at) ?? this.#occupancy.hold(job);
  }

  /** Null as well for a job that would not start whichever way it took. */
  #wayIn(job: Job): WayIn | null {
    if (this.#noPlace(job) !== null) return null;
    const isOpen = (way: WayIn) => this.#noPlace(goingIn(job, way)) === null;
    return leastBusyWay(job, { isOpen, at: this.#occupancy.at });
  }

  /** Jobs that only wait for a place. */
  #ready(): Job[] {
    return this.#night.jobs.filter((job) => {
      const { state } = progressOf(this.#night, job);
      if (state === 'running' || state === 'done' || state === 'cancelled') return false;
      if (state === 'failed' && this.#gates.hasEnded(job)) return false;
      const held = this.#holdBefore(job);
      if (held !== null) this.#hold(job, held);
      return held === null;
    });
  }

  #holdBefore(job: Job): Hold | null {
    if (progressOf(this.#night, job).onHold) return hold('operator', 'paused by the operator');
    return (
      this.#notBegun() ??
      this.#gates.hold(job) ??
      this.#windows.hold(job) ??
      this.#capped() ??
      this.#backOff(job)
    );
  }

  #notBegun(): Hold | null {
    const { startsAt } = this.#night;
    if (startsAt === null || startsAt <= this.#now) return null;
    return hold('window', `the batch begins in ${inMinutes(startsAt - this.#now)}`, startsAt);
  }

  #capped(): Hold | null {
    const { bytesPerSecond, until } = this.#bandwidth;
    return bytesPerSecond === 0 ? hold('bandwidth', NOTHING_MOVES, until) : null;
  }

  #backOff(job: Job): Hold | null {
    if (progressOf(this.#night, job).state !== 'failed') return null;
    const failures = this.#troubles.of(job.id);
    const again = retryAt(failures, this.#night.policy);
    if (failures === undefined || again === null || again <= this.#now) return null;
    const reason = `failed (${failures.last.code}); is tried again in ${inMinutes(again - this.#now)}`;
    return hold('retry', reason, again);
  }

  #hold(job: Job, held: Hold): void {
    this.#heldBack.set(job.id, held);
    this.#lookAgain(held.until);
  }

  #lookAgain(at: number | null): void {
    if (at !== null && at > this.#now) this.#lookAgainAt = Math.min(this.#lookAgainAt ?? at, at);
  }
}
