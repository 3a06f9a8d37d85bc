import { groupBy } from '../model/group-by.js';
import { type Hold, hold, inMinutes } from './holds.js';
import { bytesLeft, type Hop, type HopUse, hopKey, type Job, type Night, progressOf } from './night.js';
import type { WaveWindows } from './wave-windows.js';

/** Rates and what others do may change: what was too late for them may not be any more. */
export const LOOK_AGAIN_MS = 60_000;

/** What is asked of the machines that are being moved. */
interface Company {
  readonly total: number;
  at(hop: Hop): number;
}

/** Says which machines would not end before their windows do. */
export class Fit {
  readonly #night: Night;
  readonly #windows: WaveWindows;
  readonly #now: number;
  /** Bytes a second for all machines together. */
  readonly #cap: number;
  /** By vApp: asked once for all its machines, since the company only grows. */
  readonly #heldUnits = new Map<string, Hold>();

  constructor(night: Night, windows: WaveWindows, now: number, cap: number | null) {
    this.#night = night;
    this.#windows = windows;
    this.#now = now;
    this.#cap = cap ?? Number.POSITIVE_INFINITY;
  }

  /**
   * Null for a job that may start now. `commitment`: itself, and what else of its vApp is begun with it. What a machine
   * gets is reckoned as an equal part of each of its hops.
   */
  hold(job: Job, commitment: readonly Job[], company: Company): Hold | null {
    if (commitment.length === 1) return this.#hold(job, commitment, company);
    const unit = job.unit ?? '';
    const held = this.#heldUnits.get(unit) ?? this.#hold(job, commitment, company);
    if (held !== null) this.#heldUnits.set(unit, held);
    return held;
  }

  /** Names of the waves of which these jobs are more than their window has time for. */
  wavesTooLarge(jobs: readonly Job[]): ReadonlySet<string> {
    const waves = groupBy(jobs, ({ wave }) => wave);
    const tooLarge = [...waves].filter(([, members]) => {
      const window = members[0] === undefined ? null : this.#windows.of(members[0]);
      return window !== null && this.#now + this.secondsFor(members) * 1000 > window.opening.end;
    });
    return new Set(tooLarge.map(([name]) => name));
  }

  /** What jobs take at least, with nothing beside them: their hops give no more than they have. */
  secondsFor(jobs: readonly Job[]): number {
    const loads = new Map<string, { readonly hop: HopUse; bytes: number }>();
    let bytes = 0;
    for (const job of jobs) {
      const left = bytesLeft(job, progressOf(this.#night, job));
      bytes += left;
      for (const hop of job.hops) {
        const key = hopKey(hop);
        const load = loads.get(key) ?? { hop, bytes: 0 };
        loads.set(key, load);
        load.bytes += left * hop.share;
      }
    }
    let seconds = bytes / this.#cap;
    for (const { hop, bytes } of loads.values()) {
      seconds = Math.max(seconds, bytes / this.#night.rates.capacityOf(hop));
    }
    return this.#night.rates.secondsPerMachine + seconds;
  }

  #hold(job: Job, commitment: readonly Job[], company: Company): Hold | null {
    const { wouldNotFinish, atWindowEnd } = this.#night.policy;
    const window = this.#windows.of(job);
    if (window === null || wouldNotFinish === 'start-anyway') return null;
    const { name, length, opening } = window;
    const who = commitment.length === 1 ? '' : `vApp ${job.unit} `;
    const least = this.secondsFor(commitment) * 1000;
    if (least > length) {
      // It goes on the next night: to wait would help nothing.
      if (atWindowEnd === 'pause') return null;
      const reason = `${who}would take ${inMinutes(least)}; window ${name} lasts ${inMinutes(length)}`;
      return hold('too-long', reason);
    }
    const seconds = commitment.map((each) => this.#secondsBeside(each, company));
    const lasts = seconds.reduce((longest, each) => Math.max(longest, each * 1000), least);
    const late = this.#now + lasts - opening.end;
    if (late <= 0) return null;
    const reason = `${who}would end ${inMinutes(late)} after the window ${name}`;
    return hold('too-late', reason, Math.min(this.#now + LOOK_AGAIN_MS, opening.end));
  }

  #secondsBeside(job: Job, company: Company): number {
    const left = bytesLeft(job, progressOf(this.#night, job));
    let rate = this.#cap / (company.total + 1);
    for (const hop of job.hops) {
      const part = this.#night.rates.capacityOf(hop) / (company.at(hop) + 1);
      rate = Math.min(rate, part / hop.share);
    }
    return this.#night.rates.secondsPerMachine + left / rate;
  }
}
