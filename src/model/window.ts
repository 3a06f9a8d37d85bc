export type Weekday = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun';

/** When something may be done, again and again. */
export type MigrationWindow = DailyWindow | CronWindow;

/** A span of the day that comes again; it ends on the next day when `to` is not after `from`. */
export interface DailyWindow {
  readonly name: string;
  /** On which it begins. */
  readonly days: readonly Weekday[];
  /** `HH:MM`. */
  readonly from: string;
  readonly to: string;
  /** IANA name such as `Europe/Berlin`. */
  readonly timeZone: string;
}

/** A span that begins whenever a cron expression says. */
export interface CronWindow {
  readonly name: string;
  /** Minute, hour, day of the month, month, day of the week; the minute is one number. */
  readonly cron: string;
  /** For how long it is open from then on, whatever clocks do meanwhile; one that begins in another prolongs that. */
  readonly hours: number;
  /** IANA name such as `Europe/Berlin`. */
  readonly timeZone: string;
}
