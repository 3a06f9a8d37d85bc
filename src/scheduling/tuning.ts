/** How many machines at once turned out best so far. Instants are milliseconds since 1970. */
export interface Tuning {
  readonly atOnce: number;
  /** Bytes a second with so many machines at once, as last seen. */
  readonly seen: ReadonlyMap<number, number>;
  /** Which way to try next. */
  readonly next: 'more' | 'fewer';
  /** What is measured before counts for nothing. */
  readonly settlesAt: number;
  /** Another number is tried then. */
  readonly triesAt: number;
  /** Since it has settled. */
  readonly measured: { readonly times: number; readonly bytesPerSecond: number };
}

/** What was measured since the last time. */
export interface Load {
  /** Machines. */
  readonly running: number;
  /** Of all machines together. */
  readonly bytesPerSecond: number;
}

/** A change shows after so long. */
const SETTLE_MS = 60_000;
/** Where nothing was gained, something else is tried after so long: the night changes. */
const REST_MS = 900_000;
/** So many measurements are judged together: one alone says more of which machines happen to run. */
const TIMES = 4;
/** Fewer machines are as good when they move less by no more than this. */
const GAIN = 1.03;
/** Weight of what is seen against what was seen before. */
const NEWS = 0.5;
const NOTHING = { times: 0, bytesPerSecond: 0 };

export function startTuning(atOnce: number, now: number): Tuning {
  const instants = { settlesAt: now + SETTLE_MS, triesAt: now };
  return { atOnce, seen: new Map(), next: 'more', ...instants, measured: NOTHING };
}

/**
 * Finds the fewest machines at once that move as much as any number does: more are tried as long as the total grows, then
 * now and again some more and some fewer. Never above `most` or below 1. To be asked every minute; says nothing new while
 * fewer run than may.
 */
export function tune(tuning: Tuning, load: Load, most: number, now: number): Tuning {
  if (tuning.atOnce > most) return startTuning(most, now);
  if (now < tuning.settlesAt || load.running < tuning.atOnce) return tuning;
  const { times, bytesPerSecond } = tuning.measured;
  const mean = (bytesPerSecond * times + load.bytesPerSecond) / (times + 1);
  const measured = { times: times + 1, bytesPerSecond: mean };
  if (measured.times < TIMES) return { ...tuning, measured };
  const seen = new Map(tuning.seen);
  const before = seen.get(tuning.atOnce) ?? mean;
  seen.set(tuning.atOnce, before + NEWS * (mean - before));
  return judge({ ...tuning, seen, measured: NOTHING }, most, now);
}

function judge(tuning: Tuning, most: number, now: number): Tuning {
  const { atOnce, seen, next } = tuning;
  const best = fewestOfTheBest(seen, most);
  if (best !== atOnce) return change({ ...tuning, triesAt: now + REST_MS }, best, now);
  const more = Math.min(most, atOnce + stepFrom(atOnce));
  // As long as it grows there is no need to rest.
  if (!seen.has(more)) return change(tuning, more, now);
  if (now < tuning.triesAt) return tuning;
  const other = next === 'more' ? more : Math.max(1, atOnce - stepFrom(atOnce));
  const turned: Tuning = { ...tuning, next: next === 'more' ? 'fewer' : 'more', triesAt: now + REST_MS };
  return change(turned, other, now);
}

function change(tuning: Tuning, atOnce: number, now: number): Tuning {
  return atOnce === tuning.atOnce ? tuning : { ...tuning, atOnce, settlesAt: now + SETTLE_MS };
}

function fewestOfTheBest(seen: ReadonlyMap<number, number>, most: number): number {
  const possible = [...seen].filter(([atOnce]) => atOnce <= most);
  const best = Math.max(...possible.map(([, bytesPerSecond]) => bytesPerSecond));
  return Math.min(...possible.filter((each) => each[1] * GAIN >= best).map(([atOnce]) => atOnce));
}

function stepFrom(atOnce: number): number {
  return Math.max(1, Math.round(atOnce / 4));
}
