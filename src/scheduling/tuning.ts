/** How many machines at once turned out best so far. Instants are milliseconds since 1970. */
export interface Tuning {
  readonly atOnce: number;
  /** The number that is tried `atOnce` against, and what went through then; null when nothing is being tried. */
  readonly tried: { readonly atOnce: number; readonly bytesPerSecond: number } | null;
  /** Which way to try next. */
  readonly next: 'more' | 'fewer';
  /** Not to be judged before. */
  readonly restsUntil: number;
}

/** What a measurement over the time since the last one says. */
export interface Load {
  readonly running: number;
  /** Of all machines together. */
  readonly bytesPerSecond: number;
}

/** A change shows after so long. */
const SETTLE_MS = 120_000;
/** Where nothing was gained, it is tried again after so long: the night changes. */
const REST_MS = 900_000;
/** By less nothing was gained: measurements scatter as much. */
const GAIN = 1.03;

export function startTuning(atOnce: number, now: number): Tuning {
  return { atOnce, tried: null, next: 'more', restsUntil: now + SETTLE_MS };
}

/**
 * Climbs to where more machines at once move no more: one more as long as the total grows, one fewer where it does not
 * shrink by that. Never above `most` or below 1. To be asked every minute or so with the mean since the last time;
 * says nothing new while fewer run than may.
 */
export function tune(tuning: Tuning, { running, bytesPerSecond }: Load, most: number, now: number): Tuning {
  if (tuning.atOnce > most) return startTuning(most, now);
  if (now < tuning.restsUntil || running < tuning.atOnce) return tuning;
  const { atOnce, tried } = tuning;
  if (tried === null) return attempt(tuning, bytesPerSecond, most, now);
  const worthIt =
    atOnce > tried.atOnce
      ? bytesPerSecond > tried.bytesPerSecond * GAIN
      : bytesPerSecond * GAIN > tried.bytesPerSecond;
  if (worthIt) return attempt(tuning, bytesPerSecond, most, now);
  const next = atOnce > tried.atOnce ? 'fewer' : 'more';
  return { atOnce: tried.atOnce, tried: null, next, restsUntil: now + REST_MS };
}

function attempt(tuning: Tuning, bytesPerSecond: number, most: number, now: number): Tuning {
  const { atOnce, next } = tuning;
  const wanted = Math.min(most, Math.max(1, atOnce + (next === 'more' ? 1 : -1)));
  if (wanted === atOnce)
    return { ...tuning, tried: null, next: next === 'more' ? 'fewer' : 'more', restsUntil: now + REST_MS };
  return { atOnce: wanted, tried: { atOnce, bytesPerSecond }, next, restsUntil: now + SETTLE_MS };
}
