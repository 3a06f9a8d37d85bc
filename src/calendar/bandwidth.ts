import type { BandwidthCap } from '../model/night.js';
import { nextOpening } from './openings.js';
import type { WorkCalendar } from './work-calendar.js';

/** The calendar of caps at one instant. */
export interface Bandwidth {
  /** For all machines together; null without a cap. */
  readonly bytesPerSecond: number | null;
  /** When another may hold, in milliseconds since 1970; null when never. */
  readonly until: number | null;
}

/** Changes of the cap that are looked up: three months of one that begins and ends each day. */
const MAX_CHANGES = 200;

/** The least of the caps that hold at `now`. Throws CONFIG_INVALID as `nextOpening` does. */
export function bandwidthAt({ caps }: { readonly caps: readonly BandwidthCap[] }, now: number): Bandwidth {
  let least: number | null = null;
  let until: number | null = null;
  for (const { window, bytesPerSecond } of caps) {
    const { begin, end } = nextOpening(window, now);
    if (begin <= now) least = Math.min(least ?? bytesPerSecond, bytesPerSecond);
    const change = begin <= now ? end : begin;
    until = Math.min(until ?? change, change);
  }
  return { bytesPerSecond: least, until };
}

/**
 * When the cap changes after `begins` (milliseconds since 1970; infinite: never), in seconds of the calendar's work, and
 * what it is then. What the last one says that is looked up stays.
 */
export function* bandwidthChanges(
  night: { readonly caps: readonly BandwidthCap[] },
  calendar: WorkCalendar,
  begins: number,
): Generator<{ readonly at: number; readonly bytesPerSecond: number | null }> {
  if (night.caps.length === 0 || begins === Number.POSITIVE_INFINITY) return;
  let { until } = bandwidthAt(night, begins);
  for (let found = 0; found < MAX_CHANGES && until !== null; found++) {
    const next = bandwidthAt(night, until);
    yield { at: calendar.workAt(until), bytesPerSecond: next.bytesPerSecond };
    until = next.until;
  }
}
