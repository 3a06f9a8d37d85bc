import { lengthMinutes, nextOpening, type Opening } from '../calendar/index.js';
import { type Hold, hold, inMinutes } from './holds.js';
import type { Job, Night } from './night.js';

/** A wave's window as it is now. */
interface WaveWindow {
  readonly name: string;
  /** The one that lasts, or the next. */
  readonly opening: Opening;
  /** Milliseconds for which it is open at a time, where no black-out date cuts it short. */
  readonly length: number;
}

/** The windows of a batch's waves at one instant. */
export class WaveWindows {
  readonly #now: number;
  readonly #windows = new Map<string, WaveWindow>();

  /** Throws CONFIG_INVALID for a time zone that does not exist, and for a window that never opens. */
  constructor({ waves, blackOuts }: Pick<Night, 'waves' | 'blackOuts'>, now: number) {
    this.#now = now;
    for (const { name, window } of waves) {
      if (window === null) continue;
      this.#windows.set(name, {
        name: window.name,
        opening: nextOpening(window, now, blackOuts),
        length: lengthMinutes(window) * 60_000,
      });
    }
  }

  /** Null for a job that may run at any time. */
  of({ wave }: Job): WaveWindow | null {
    return this.#windows.get(wave) ?? null;
  }

  /** Null while the job's window is open. */
  hold(job: Job): Hold | null {
    const window = this.of(job);
    if (window === null || window.opening.begin <= this.#now) return null;
    const { begin } = window.opening;
    return hold('window', `window ${window.name} opens in ${inMinutes(begin - this.#now)}`, begin);
  }
}
