import { nextOpening } from '../calendar/index.js';
import type { Night } from './night.js';

/** The calendar of caps at one instant. */
export interface Bandwidth {
  /** For all machines together; null without a cap. */
  readonly bytesPerSecond: number | null;
  /** When another may hold, in milliseconds since 1970; null when never. */
  readonly until: number | null;
}

/** The least of the caps that hold at `now`. Throws CONFIG_INVALID as `nextOpening` does. */
export function bandwidthAt({ caps }: Pick<Night, 'caps'>, now: number): Bandwidth {
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
