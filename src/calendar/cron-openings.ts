import { Cron } from 'croner';
import { XenferryError } from '../model/errors.js';
import type { CronWindow } from '../model/window.js';
import type { Opening } from './opening.js';
import { DAY_MS, dateOf, type ZonedClock } from './zoned-clock.js';

/** Beginnings that are looked up: four years of working days. Each takes a third of a millisecond. */
const MAX_BEGINNINGS = 1000;
/** Of a window that prolongs itself at each, so many are one opening: else one that never closes would have no first. */
const MAX_PROLONGED = 50;
/** Any year that has a 29th of February. */
const LEAP_YEAR = new Date(Date.UTC(2000, 0, 1));

/** What is wrong with a cron expression, in a few words; null when it says when a window begins. */
export function faultOfCron(text: string): string | null {
  // Each minute, or at whatever minute it is now, a window neither begins nor ends.
  if (!/^\s*\d+\s/.test(text)) return 'the minute, which comes first, must be one number';
  if (text.includes('?')) return 'use * where anything goes';
  try {
    return cronOf(text, 'UTC').nextRun(LEAP_YEAR) === null ? 'that day never comes' : null;
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error);
  }
}

/** The openings of a window that begins as cron says; see `openings`. */
export function* cronOpenings(
  start: number,
  window: CronWindow,
  clock: ZonedClock,
  blackOuts: readonly string[],
): Generator<Opening> {
  const fault = faultOfCron(window.cron);
  if (fault !== null) {
    throw new XenferryError('CONFIG_INVALID', `the window ${window.name} begins at no time: ${fault}`);
  }
  const closed = new Set(blackOuts);
  let after = start;
  for (const span of spans(start, window, clock)) {
    for (const { begin, end } of closed.size === 0 ? [span] : openParts(span, closed, clock)) {
      if (end <= after) continue;
      yield { begin: Math.max(after, begin), end };
      after = end;
    }
  }
}

/** From one that may still be open at `start` on; those that meet are one. */
function* spans(start: number, { cron, hours }: CronWindow, clock: ZonedClock): Generator<Opening> {
  const lasts = hours * 3_600_000;
  let span: Opening | null = null;
  let prolonged = 0;
  for (const begin of beginnings(start - lasts, cron, clock)) {
    const end = begin + lasts;
    if (span !== null && begin <= span.end && prolonged < MAX_PROLONGED) {
      span = { begin: span.begin, end };
      prolonged += 1;
      continue;
    }
    if (span !== null) yield span;
    span = { begin, end };
    prolonged = 0;
  }
  if (span !== null) yield span;
}

function* beginnings(after: number, text: string, { timeZone }: ZonedClock): Generator<number> {
  const cron = cronOf(text, timeZone);
  let last = new Date(after);
  for (let found = 0; found < MAX_BEGINNINGS; found++) {
    const next = cron.nextRun(last);
    if (next === null) return;
    yield next.getTime();
    last = next;
  }
}

function cronOf(text: string, timezone: string): Cron {
  return new Cron(text, { timezone, mode: '5-part', paused: true });
}

/** What black-out dates leave of a span. */
function openParts(
  { begin, end }: Opening,
  closed: ReadonlySet<string>,
  clock: ZonedClock,
): readonly Opening[] {
  const parts: Opening[] = [];
  const firstDay = Math.floor(clock.shownAt(begin) / DAY_MS);
  let midnight = begin;
  for (let day = firstDay; midnight < end; day++) {
    const from = midnight;
    midnight = Math.min(end, clock.instantOf((day + 1) * DAY_MS));
    if (closed.has(dateOf(day * DAY_MS)) || midnight <= from) continue;
    const last = parts.at(-1);
    if (last?.end === from) parts[parts.length - 1] = { begin: last.begin, end: midnight };
    else parts.push({ begin: from, end: midnight });
  }
  return parts;
}
