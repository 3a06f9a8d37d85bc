export type Weekday = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun';

/** A span of the day that comes again; it ends on the next day when `to` is not after `from`. */
export interface MigrationWindow {
  readonly name: string;
  /** On which it begins. */
  readonly days: readonly Weekday[];
  /** `HH:MM`. */
  readonly from: string;
  readonly to: string;
  /** IANA name such as `Europe/Berlin`. */
  readonly timeZone: string;
}
