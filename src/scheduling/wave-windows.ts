import { lengthMinutes, nextOpening, type Opening } from '../calendar/index.js';
import type { MigrationWindow } from '../model/window.js';
import { type Hold, hold, inMinutes } from './holds.js';
import { type Job, type Night, progressOf } from './night.js';

/** A window as it is now. */
interface OpenWindow {
  readonly name: string;
  /** The one that lasts, or the next. */
  readonly opening: Opening;
  /** Milliseconds for which it is open at a time, where no black-out date cuts it short. */
  readonly length: number;
}

/** The windows of a batch's waves at one instant, and of the cutovers that wait. */
export class WaveWindows {
  readonly #night: Pick<Night, 'waves' | 'blackOuts' | 'progress'>;
  readonly #now: number;
  readonly #waves = new Map<string, OpenWindow>();
  /** By name. */
  readonly #cutovers = new Map<string, OpenWindow>();

  /** Throws CONFIG_INVALID for a time zone that does not exist, and for a window that never opens. */
  constructor(night: Pick<Night, 'waves' | 'blackOuts' | 'progress'>, now: number) {
    this.#night = night;
    this.#now = now;
    for (const { name, window } of night.waves) {
      if (window !== null) this.#waves.set(name, this.#atNow(window));
    }
  }

  /** Null for a job that may run at any time. */
  of(job: Job): OpenWindow | null {
    if (progressOf(this.#night, job).awaitsCutover !== true) return this.#waves.get(job.wave) ?? null;
    const { cutover = null } = job;
    if (cutover === null) return null;
    const known = this.#cutovers.get(cutover.name) ?? this.#atNow(cutover);
    this.#cutovers.set(cutover.name, known);
    return known;
  }

  /** Null while the job's window is open. */
  hold(job: Job): Hold | null {
    const window = this.of(job);
    if (window === null || window.opening.begin <= this.#now) return null;
    const { begin } = window.opening;
    if (progressOf(this.#night, job).awaitsCutover === true) {
      const opens = inMinutes(begin - this.#now);
      return hold('cutover', `waits for its cutover window ${window.name}, which opens in ${opens}`, begin);
    }
    return hold('window', `window ${window.name} opens in ${inMinutes(begin - this.#now)}`, begin);
  }

  #atNow(window: MigrationWindow): OpenWindow {
    return {
      name: window.name,
      opening: nextOpening(window, this.#now, this.#night.blackOuts),
      length: lengthMinutes(window) * 60_000,
    };
  }
}
