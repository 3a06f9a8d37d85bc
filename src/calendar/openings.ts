import { XenferryError } from '../model/errors.js';
import type { MigrationWindow, Weekday } from '../model/window.js';
import { ZonedClock } from './zoned-clock.js';

/** A span in which a window is open; instants in milliseconds since 1970. */
export interface Opening {
  readonly begin: number;
  readonly end: number;
}

const DAY_MS = 86_400_000;
const DAY_MINUTES = 1440;
/** 1970-01-01 was a Thursday. */
const WEEKDAYS: readonly Weekday[] = ['thu', 'fri', 'sat', 'sun', 'mon', 'tue', 'wed'];
/** Windows that are looked up in the calendar: ten years of nights. */
const MAX_WINDOWS = 3650;

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

/** The window's openings from `start` on, the first cut off there; as many as are looked up. */
export function* openings(
  start: number,
  { days, from, to }: MigrationWindow,
  clock: ZonedClock,
  blackOuts: readonly string[] = [],
): Generator<Opening> {
  const begins = minutesOf(from) * 60_000;
  const lasts = lengthMinutes({ from, to }) * 60_000;
  const closed = new Set(blackOuts);
  // One that began yesterday may still be open.
  const yesterday = Math.floor(clock.shownAt(start) / DAY_MS) - 1;
  let after = start;
  for (let day = yesterday, found = 0; found < MAX_WINDOWS && day < yesterday + 7 * MAX_WINDOWS; day++) {
    const weekday = WEEKDAYS[((day % 7) + 7) % 7];
    if (weekday === undefined || !days.includes(weekday)) continue;
    const opens = day * DAY_MS + begins;
    for (const { begin: shownFirst, end: shownLast } of openParts(opens, opens + lasts, closed)) {
      const begin = Math.max(after, clock.instantOf(shownFirst));
      const end = clock.instantOf(shownLast);
      // Past already, or skipped by the clocks.
      if (end <= begin) continue;
      yield { begin, end };
      after = end;
      found += 1;
    }
  }
}

/** What black-out dates leave of a span that lasts a day at most, by what the clocks show. */
function openParts(opens: number, closes: number, closed: ReadonlySet<string>): Opening[] {
  const midnight = (Math.floor(opens / DAY_MS) + 1) * DAY_MS;
  const first = !closed.has(dateOf(opens));
  const second = closes > midnight && !closed.has(dateOf(midnight));
  if (first && second) return [{ begin: opens, end: closes }];
  if (first) return [{ begin: opens, end: Math.min(closes, midnight) }];
  return second ? [{ begin: midnight, end: closes }] : [];
}

function dateOf(shown: number): string {
  return new Date(shown).toISOString().slice(0, 10);
}

/** How long a window is open at a time, as its clocks show it. */
export function lengthMinutes({ from, to }: Pick<MigrationWindow, 'from' | 'to'>): number {
  const minutes = minutesOf(to) - minutesOf(from);
  return minutes > 0 ? minutes : minutes + DAY_MINUTES;
}

function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return hours * 60 + minutes;
}
