import { lengthMinutes, openings, ZonedClock } from '../../calendar/index.js';
import type { MigrationWindow } from '../../model/window.js';

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

/** A Monday; windows count from here when no start is given. */
export const ANY_MONDAY = Date.UTC(2001, 0, 1);
/** The last that ISO 8601 writes with four digits for the year. */
const LAST_INSTANT = Date.UTC(9999, 11, 31);

/**
 * Places `seconds` of work that may begin at `start` (milliseconds since 1970, or null) into `window`, in which it
 * pauses whenever that closes. Without a start the window's first beginning is the start, in a year without daylight
 * saving time or `blackOuts`. Throws CONFIG_INVALID for a time zone that does not exist.
 */
export function schedule(
  seconds: number,
  start: number | null,
  window: MigrationWindow | null,
  blackOuts: readonly string[] = [],
): Schedule {
  if (window === null || seconds === 0) return atAnyTime(seconds, start);
  const clock = new ZonedClock(window.timeZone);
  return start === null
    ? { ...inWindows(seconds, ANY_MONDAY, window, new ZonedClock('UTC'), []), startsAt: null, endsAt: null }
    : inWindows(seconds, start, window, clock, blackOuts);
}

function atAnyTime(seconds: number, start: number | null): Schedule {
  return {
    startsAt: start,
    endsAt: start === null ? null : tellable(start + seconds * 1000),
    windows: 1,
    idleSeconds: 0,
  };
}

function inWindows(
  seconds: number,
  start: number,
  window: MigrationWindow,
  clock: ZonedClock,
  blackOuts: readonly string[],
): Schedule {
  let left = seconds * 1000;
  let startsAt: number | null = null;
  let closed: number | null = null;
  let windows = 0;
  let idle = 0;
  for (const { begin, end } of openings(start, window, clock, blackOuts)) {
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

function tellable(instant: number): number | null {
  return instant <= LAST_INSTANT ? Math.round(instant) : null;
}
