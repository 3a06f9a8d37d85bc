import { XenferryError } from '../../model/errors.js';
import type { MigrationWindow, Weekday } from '../../model/window.js';
import { ZonedClock } from './zoned-clock.js';

/** When work that keeps to a window is done; instants are milliseconds since 1970. */
export interface Schedule {
  /** Null when no start was given. */
  readonly startsAt: number | null;
  /** Null too when it is so far off that no date is told. */
  readonly endsAt: number | null;
  /** How many windows are worked in; 1 without a window. */
  readonly windows: number;
  /** Seconds between the first and the last of them in which nothing may be done. */
  readonly idleSeconds: number;
}

const DAY_MS = 86_400_000;
const DAY_MINUTES = 1440;
/** 1970-01-01 was a Thursday. */
const WEEKDAYS: readonly Weekday[] = ['thu', 'fri', 'sat', 'sun', 'mon', 'tue', 'wed'];
/** A Monday; windows count from here when no start is given. */
const ANY_MONDAY = Date.UTC(2001, 0, 1);
/** Windows that are looked up in the calendar: ten years of nights. */
const MAX_WINDOWS = 3650;
/** The last that ISO 8601 writes with four digits for the year. */
const LAST_INSTANT = Date.UTC(9999, 11, 31);

/**
 * Places `seconds` of work that may begin at `start` (milliseconds since 1970, or null) into `window`, in which it
 * pauses whenever that closes. Without a start the window's first beginning is the start, in a year without daylight
 * saving time. Throws CONFIG_INVALID for a time zone that does not exist.
 */
export function schedule(seconds: number, start: number | null, window: MigrationWindow | null): Schedule {
  if (window === null || seconds === 0) return atAnyTime(seconds, start);
  const clock = new ZonedClock(window.timeZone);
  return start === null
    ? { ...inWindows(seconds, ANY_MONDAY, window, new ZonedClock('UTC')), startsAt: null, endsAt: null }
    : inWindows(seconds, start, window, clock);
}

function atAnyTime(seconds: number, start: number | null): Schedule {
  return {
    startsAt: start,
    endsAt: start === null ? null : tellable(start + seconds * 1000),
    windows: 1,
    idleSeconds: 0,
  };
}

function inWindows(seconds: number, start: number, window: MigrationWindow, clock: ZonedClock): Schedule {
  let left = seconds * 1000;
  let startsAt: number | null = null;
  let closed: number | null = null;
  let windows = 0;
  let idle = 0;
  for (const { begin, end } of openings(start, window, clock)) {
    startsAt ??= begin;
    windows += 1;
    idle += begin - (closed ?? begin);
    closed = end;
    if (left <= end - begin) {
      return { startsAt, endsAt: tellable(begin + left), windows, idleSeconds: idle / 1000 };
    }
    left -= end - begin;
  }
  const rest = left / (lengthMinutes(window) * 60_000);
  const growth = windows === 0 ? 0 : rest / windows;
  return {
    startsAt,
    endsAt: null,
    windows: windows + Math.ceil(rest),
    idleSeconds: (idle / 1000) * (1 + growth),
  };
}

/**
 * The span in which a window is open at `instant`, or the next one; milliseconds since 1970, and it begins at `instant`
 * when that lies in it. Throws CONFIG_INVALID for a time zone that does not exist, and for a window that never opens.
 */
export function nextOpening(
  window: MigrationWindow,
  instant: number,
): { readonly begin: number; readonly end: number } {
  const [opening] = openings(instant, window, new ZonedClock(window.timeZone));
  if (opening !== undefined) return opening;
  throw new XenferryError('CONFIG_INVALID', `the window ${window.name} never opens`);
}

/** The window's openings from `start` on, the first cut off there; as many as are looked up. */
function* openings(
  start: number,
  { days, from, to }: MigrationWindow,
  clock: ZonedClock,
): Generator<{ begin: number; end: number }> {
  const begins = minutesOf(from);
  const lasts = lengthMinutes({ from, to });
  // One that began yesterday may still be open.
  const yesterday = Math.floor(clock.shownAt(start) / DAY_MS) - 1;
  let after = start;
  for (let day = yesterday, found = 0; found < MAX_WINDOWS && day < yesterday + 7 * MAX_WINDOWS; day++) {
    const weekday = WEEKDAYS[((day % 7) + 7) % 7];
    if (weekday === undefined || !days.includes(weekday)) continue;
    const opens = day * DAY_MS + begins * 60_000;
    const begin = Math.max(after, clock.instantOf(opens));
    const end = clock.instantOf(opens + lasts * 60_000);
    // Past already, or skipped by the clocks.
    if (end <= begin) continue;
    yield { begin, end };
    after = end;
    found += 1;
  }
}

function lengthMinutes({ from, to }: Pick<MigrationWindow, 'from' | 'to'>): number {
  const minutes = minutesOf(to) - minutesOf(from);
  return minutes > 0 ? minutes : minutes + DAY_MINUTES;
}

function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return hours * 60 + minutes;
}

function tellable(instant: number): number | null {
  return instant <= LAST_INSTANT ? Math.round(instant) : null;
}
