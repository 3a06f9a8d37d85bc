import { XenferryError } from '../model/errors.js';
import type { MigrationWindow } from '../model/window.js';
import { cronOpenings } from './cron-openings.js';
import { dailyMinutes, dailyOpenings } from './daily-openings.js';
import type { Opening } from './opening.js';
import { ZonedClock } from './zoned-clock.js';

/**
 * The span in which a window is open at `instant`, or the next one; milliseconds since 1970, and it begins at `instant`
 * when that lies in it. `blackOuts` are dates (`YYYY-MM-DD`) of the window's time zone on which it is closed from midnight
 * to midnight. Throws CONFIG_INVALID for a time zone that does not exist, and for a window that never opens.
 */
export function nextOpening(
  window: MigrationWindow,
  instant: number,
  blackOuts: readonly string[] = [],
): Opening {
  const [opening] = openings(instant, window, new ZonedClock(window.timeZone), blackOuts);
  if (opening !== undefined) return opening;
  throw new XenferryError('CONFIG_INVALID', `the window ${window.name} never opens`);
}

/**
 * The window's openings from `start` on by `clock`, the first cut off there; as many as are looked up. Throws
 * CONFIG_INVALID for a cron expression that says no time.
 */
export function openings(
  start: number,
  window: MigrationWindow,
  clock: ZonedClock,
  blackOuts: readonly string[] = [],
): Generator<Opening> {
  return 'cron' in window
    ? cronOpenings(start, window, clock, blackOuts)
    : dailyOpenings(start, window, clock, blackOuts);
}

/** How long a window is open at a time, as its clocks show it; one that prolongs itself is open for longer. */
export function lengthMinutes(window: MigrationWindow): number {
  return 'cron' in window ? window.hours * 60 : dailyMinutes(window);
}
