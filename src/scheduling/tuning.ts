/** How many machines at once turned out best so far. Instants are milliseconds since 1970. */
export interface Tuning {
  readonly atOnce: number;
  /** The most there may be. */
  readonly limit: number;
  /** Bytes a second with so many machines at once, as last seen. */
  readonly seen: ReadonlyMap<number, number>;
  /** Which way to try next. */
  readonly next: 'more' | 'fewer';
  /** What is measured before counts for nothing. */
  readonly settlesAt: number;
  /** Another number is tried then, not before. */
  readonly triesAt: number;
  /** Milliseconds until the next try after one that gained nothing. */
  readonly rests: number;
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
/** A batch that is over sooner is never slowed by tries. */
const REST_MS = 900_000;
/** A try in vain costs a little: so each makes the next one wait twice as long, up to this. */
const LONGEST_REST_MS = 4 * 3_600_000;
/** So many measurements are judged together: one alone says more of which machines happen to run. */
const TIMES = 4;
/** Fewer machines are better when they move more by at least this: else it may be chance. */
const GAIN = 1.03;
/** Weight of what is seen against what was seen before. */
const NEWS = 0.5;
const NOTHING = { times: 0, bytesPerSecond: 0 };

/** As many as there may be, until fewer turn out to move more. */
export function startTuning(limit: number, now: number): Tuning {
  const instants = { settlesAt: now + SETTLE_MS, triesAt: now + REST_MS, rests: REST_MS };
  return { atOnce: limit, limit, seen: new Map(), next: 'fewer', ...instants, measured: NOTHING };
}

/**
 * Finds the number of machines at once that moves most, from the limit downwards: after a quarter of an hour some fewer are
 * tried for some minutes, and kept if they gain, then fewer still; now and again also more. Never above `limit` or below
 * 1, and afresh when the limit is another. To be asked every minute; says nothing new while another number runs than may.
 */
export function tune(tuning: Tuning, load: Load, limit: number, now: number): Tuning {
  if (tuning.limit !== limit) return startTuning(limit, now);
  if (now < tuning.settlesAt || load.running !== tuning.atOnce) return tuning;
  const { times, bytesPerSecond } = tuning.measured;
  const mean = (bytesPerSecond * times + load.bytesPerSecond) / (times + 1);
  const measured = { times: times + 1, bytesPerSecond: mean };
  if (measured.times < TIMES) return { ...tuning, measured };
  const seen = new Map(tuning.seen);
  const before = seen.get(tuning.atOnce) ?? mean;
  seen.set(tuning.atOnce, before + NEWS * (mean - before));
  return judge({ ...tuning, seen, measured: NOTHING }, now);
}

function judge(tuning: Tuning, now: number): Tuning {
  const { atOnce, limit, seen, next, rests } = tuning;
  const best = mostOfTheBest(seen);
  if (best !== atOnce) {
    const turned = next === 'more' ? ('fewer' as const) : ('more' as const);
    const longer = Math.min(LONGEST_REST_MS, 2 * rests);
    return change({ ...tuning, next: turned, triesAt: now + rests, rests: longer }, best, now);
  }
  if (now < tuning.triesAt) return tuning;
  const fewer = Math.max(1, atOnce - stepFrom(atOnce));
  const more = Math.min(limit, atOnce + stepFrom(atOnce));
  return change(tuning, (next === 'more' && atOnce < limit) || atOnce === 1 ? more : fewer, now);
}

function change(tuning: Tuning, atOnce: number, now: number): Tuning {
  return atOnce === tuning.atOnce ? tuning : { ...tuning, atOnce, settlesAt: now + SETTLE_MS };
}

/** Of numbers that move about as much the greatest: fewer only where that gains. */
function mostOfTheBest(seen: ReadonlyMap<number, number>): number {
  const best = Math.max(...seen.values());
  return Math.max(...[...seen].filter((each) => each[1] * GAIN >= best).map(([atOnce]) => atOnce));
}

function stepFrom(atOnce: number): number {
  return Math.max(1, Math.round(atOnce / 4));
}
