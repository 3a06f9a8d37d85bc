import type { MigrationWindow } from '../model/window.js';
import type { Opening } from './opening.js';
import { openings } from './openings.js';
import { ZonedClock } from './zoned-clock.js';

/** An opening, with the work that is done before it. */
interface Shift {
  readonly opening: Opening;
  /** Milliseconds. */
  readonly workBefore: number;
}

/** Puts work that pauses whenever its window closes into the calendar. Instants are milliseconds since 1970. */
export class WorkCalendar {
  readonly #start: number;
  readonly #openings: Iterator<Opening> | null;
  readonly #shifts: Shift[] = [];

  /** Null for work at any time. Throws CONFIG_INVALID for a time zone that does not exist. */
  constructor(window: MigrationWindow | null, blackOuts: readonly string[], start: number) {
    this.#start = start;
    // What begins never needs no calendar.
    this.#openings =
      window === null || start === Number.POSITIVE_INFINITY
        ? null
        : openings(start, window, new ZonedClock(window.timeZone), blackOuts);
  }

  /** When so much work is done; infinite when the window does not open often enough. */
  instantOf(seconds: number): number {
    return this.#place(seconds)?.instant ?? Number.POSITIVE_INFINITY;
  }

  /** Seconds of work that are done by `instant`, 0 before the first; infinite beyond what is looked up. */
  workAt(instant: number): number {
    if (this.#openings === null) return Math.max(0, instant - this.#start) / 1000;
    for (let shift = 0; ; shift++) {
      const known = this.#shifts[shift] ?? this.#next();
      if (known === null) return Number.POSITIVE_INFINITY;
      const { opening, workBefore } = known;
      if (instant > opening.end) continue;
      return (workBefore + Math.max(0, instant - opening.begin)) / 1000;
    }
  }

  /** Whether work up to so many seconds is done before the window closes for the first time. */
  fits(seconds: number): boolean {
    const place = this.#place(seconds);
    return place !== null && place.shift === 0 && place.instant < Number.POSITIVE_INFINITY;
  }

  #place(seconds: number): { shift: number; instant: number } | null {
    const work = seconds * 1000;
    if (this.#openings === null) return { shift: 0, instant: this.#start + work };
    for (let shift = 0; ; shift++) {
      const known = this.#shifts[shift] ?? this.#next();
      if (known === null) return null;
      const { opening, workBefore } = known;
      const instant = opening.begin + work - workBefore;
      if (instant <= opening.end) return { shift, instant };
    }
  }

  #next(): Shift | null {
    const next = this.#openings?.next();
    if (next === undefined || next.done === true) return null;
    const last = this.#shifts.at(-1);
    const workBefore = last === undefined ? 0 : last.workBefore + last.opening.end - last.opening.begin;
    const shift = { opening: next.value, workBefore };
    this.#shifts.push(shift);
    return shift;
  }
}
