import { XenferryError } from '../model/errors.js';

export const DAY_MS = 86_400_000;

/** `YYYY-MM-DD` of what clocks show. */
export function dateOf(shown: number): string {
  return new Date(shown).toISOString().slice(0, 10);
}

/** The clocks of a time zone, daylight saving time included, by the time zone data of Node. */
export class ZonedClock {
  readonly timeZone: string;
  readonly #format: Intl.DateTimeFormat;

  /** `timeZone` is an IANA name. Throws CONFIG_INVALID when there is none of that name. */
  constructor(timeZone: string) {
    this.timeZone = timeZone;
    try {
      this.#format = new Intl.DateTimeFormat('en-US', {
        timeZone,
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
      });
    } catch (cause) {
      throw new XenferryError('CONFIG_INVALID', `no time zone is called "${timeZone}"`, {
        cause,
        hint: 'Use a name of the IANA time zone database, such as Europe/Berlin.',
      });
    }
  }

  /** What the clocks show at `instant`, as the milliseconds since 1970 at which UTC shows the same. */
  shownAt(instant: number): number {
    const shown = { year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0 };
    for (const { type, value } of this.#format.formatToParts(instant)) {
      if (Object.hasOwn(shown, type)) shown[type as keyof typeof shown] = Number(value);
    }
    return Date.UTC(shown.year, shown.month - 1, shown.day, shown.hour, shown.minute, shown.second);
  }

  /**
   * When the clocks show `shown`, given as `shownAt` tells it. What they show twice counts the first time; what they
   * skip counts as if they had not been put forward.
   */
  instantOf(shown: number): number {
    const before = this.#aheadOfUtc(shown - DAY_MS);
    const after = this.#aheadOfUtc(shown + DAY_MS);
    if (this.#aheadOfUtc(shown - before) !== before && this.#aheadOfUtc(shown - after) === after)
      return shown - after;
    return shown - before;
  }

  #aheadOfUtc(instant: number): number {
    return this.shownAt(instant) - Math.floor(instant / 1000) * 1000;
  }
}
