import { Cron } from 'croner';
import type { ScheduleRecord } from '../../ledger/index.js';
import { XenferryError } from '../../model/errors.js';
import type { Schedule } from '../api/schedules.js';

/** What the ledger keeps of a schedule as JSON. */
export interface ScheduleSpec {
  readonly migration: string;
  readonly cron: string;
  readonly timeZone: string;
  readonly folder: string | null;
  readonly quietSeconds: number;
  /** Milliseconds since 1970: times before it are none of the schedule's. */
  readonly since: number;
  /** Versions, by path, of what was taken out of the folder. */
  readonly taken: Readonly<Record<string, string>>;
}

/** What a client wants a schedule to be. */
export type ScheduleWish = Pick<Schedule, 'migration' | 'cron' | 'timeZone' | 'folder' | 'quietSeconds'>;

/** Throws CONFIG_INVALID for a time that is none. */
export function scheduleSpec(
  wish: ScheduleWish,
  since: number,
  taken: ScheduleSpec['taken'] = {},
): ScheduleSpec {
  const { migration, cron, timeZone, folder, quietSeconds } = wish;
  const spec = { migration, cron, timeZone, folder, quietSeconds, since, taken };
  nextTime(spec, since);
  return spec;
}

export function specOf({ spec }: Pick<ScheduleRecord, 'spec'>): ScheduleSpec {
  return JSON.parse(spec) as ScheduleSpec;
}

/** The first time after `after`, milliseconds since 1970; null for none. Throws CONFIG_INVALID. */
export function nextTime(
  { cron, timeZone }: Pick<ScheduleSpec, 'cron' | 'timeZone'>,
  after: number,
): number | null {
  try {
    const times = new Cron(cron, { timezone: timeZone, paused: true, mode: '5-part' });
    return times.nextRun(new Date(after))?.getTime() ?? null;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new XenferryError('CONFIG_INVALID', `the time of the schedule is none: ${reason}`, {
      hint: 'Give minute, hour, day, month and day of the week, such as `0 22 * * 1-5`, and a time zone such as Europe/Berlin.',
      cause,
    });
  }
}

/** Whether a time of the schedule has passed since its last run, be it one or many. `now`: milliseconds since 1970. */
export function isDue(record: ScheduleRecord, now: number): boolean {
  if (!record.enabled) return false;
  const spec = specOf(record);
  const next = nextTime(spec, Math.max(spec.since, record.lastAt ?? 0));
  return next !== null && next <= now;
}

export function scheduleDocument(record: ScheduleRecord): Schedule {
  const { id, name, enabled, lastAt, lastResult } = record;
  const { migration, cron, timeZone, folder, quietSeconds, since } = specOf(record);
  const after = Math.max(since, lastAt ?? 0);
  const nextAt = enabled ? nextTime({ cron, timeZone }, after) : null;
  return { id, name, migration, cron, timeZone, folder, quietSeconds, enabled, lastAt, lastResult, nextAt };
}
