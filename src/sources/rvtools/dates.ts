/** Which of day and month stands first in a tab's dates; null where nothing in it tells. */
export type DateOrder = 'day first' | 'month first' | null;

const DAY_MS = 86_400_000;
/** Day 0 of a workbook that counts from 1900, with the leap day that year did not have. */
const EPOCH_1900 = Date.UTC(1899, 11, 30);
const EPOCH_1904 = Date.UTC(1904, 0, 1);

const TIME = String.raw`(?:[T ,]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?\s*([ap]\.?m\.?)?)?(Z|[+-]\d{2}:?\d{2})?`;
const YEAR_FIRST = new RegExp(String.raw`^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})${TIME}$`, 'i');
const YEAR_LAST = new RegExp(String.raw`^(\d{1,2})([-/.])(\d{1,2})[-/.](\d{4})${TIME}$`, 'i');

/** Collects what the dates of a tab say of their order. */
export class DateEvidence {
  #order: DateOrder = null;

  add(text: string): void {
    const [, first, mark, second, , , , , half] = YEAR_LAST.exec(text.trim()) ?? [];
    if (first === undefined) return;
    if (Number(second) > 12) this.#order = 'month first';
    else if (Number(first) > 12 || mark === '.') this.#order = 'day first';
    else if (half !== undefined) this.#order ??= 'month first';
  }

  get order(): DateOrder {
    return this.#order;
  }
}

/**
 * A date as ISO 8601 without a zone, since RVTools tells none (kept where the text has one); undefined for what is no
 * date, or one that could be two days.
 */
export function parseDate(text: string, order: DateOrder): string | undefined {
  const plain = text.trim();
  const [, year, month, day, ...time] = YEAR_FIRST.exec(plain) ?? [];
  if (year !== undefined) return isoDate(year, month, day, time);
  const [, first, mark, second, lastYear, ...lastTime] = YEAR_LAST.exec(plain) ?? [];
  if (first === undefined) return undefined;
  if (order === 'day first' || mark === '.') return isoDate(lastYear, second, first, lastTime);
  if (order === 'month first' || first === second) return isoDate(lastYear, first, second, lastTime);
  return undefined;
}

/** A date as workbooks store it: days, with the time as their fraction. */
export function serialDate(days: number, from1904: boolean): string | undefined {
  const date = new Date(Math.round((from1904 ? EPOCH_1904 : EPOCH_1900) / 1000 + days * 86_400) * 1000);
  if (days < 1 || Number.isNaN(date.getTime()) || date.getTime() > EPOCH_1900 + 2_958_466 * DAY_MS) {
    return undefined;
  }
  return date.toISOString().slice(0, 19);
}

function isoDate(
  year = '',
  month = '',
  day = '',
  [hour = '0', minute = '0', second = '0', half, zone = '']: readonly (string | undefined)[] = [],
): string | undefined {
  const hours = half === undefined ? Number(hour) : (Number(hour) % 12) + (/^p/i.test(half) ? 12 : 0);
  const date = new Date(
    Date.UTC(Number(year), Number(month) - 1, Number(day), hours, Number(minute), Number(second)),
  );
  const same = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  return same ? `${date.toISOString().slice(0, 19)}${zone}` : undefined;
}
