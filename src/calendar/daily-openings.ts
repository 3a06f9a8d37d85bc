import type { DailyWindow, Weekday } from '../model/window.js';
import type { Opening } from './opening.js';
import { DAY_MS, dateOf, type ZonedClock } from './zoned-clock.js';

const DAY_MINUTES = 1440;
/** 1970-01-01 was a Thursday. */
const WEEKDAYS: readonly Weekday[] = ['thu', 'fri', 'sat', 'sun', 'mon', 'tue', 'wed'];
/** Windows that are looked up in the calendar: ten years of nights. */
const MAX_WINDOWS = 3650;

/** The openings of a daily window; see `openings`. */
export function* dailyOpenings(
  start: number,
  window: DailyWindow,
  clock: ZonedClock,
  blackOuts: readonly string[],
): Generator<Opening> {
  const begins = minutesOf(window.from) * 60_000;
  const lasts = dailyMinutes(window) * 60_000;
  const closed = new Set(blackOuts);
  // One that began yesterday may still be open.
  const yesterday = Math.floor(clock.shownAt(start) / DAY_MS) - 1;
  let after = start;
  for (let day = yesterday, found = 0; found < MAX_WINDOWS && day < yesterday + 7 * MAX_WINDOWS; day++) {
    const weekday = WEEKDAYS[((day % 7) + 7) % 7];
    if (weekday === undefined || !window.days.includes(weekday)) continue;
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

/** How long a window is open at a time, as its clocks show it. */
export function dailyMinutes({ from, to }: DailyWindow): number {
  const minutes = minutesOf(to) - minutesOf(from);
  return minutes > 0 ? minutes : minutes + DAY_MINUTES;
}

function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return hours * 60 + minutes;
}
