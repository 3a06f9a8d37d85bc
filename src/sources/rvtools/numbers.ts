/** How a tab writes numbers; null where nothing in it tells. */
export type DecimalMark = '.' | ',' | null;

/** Blanks of any width and Swiss apostrophes only ever part groups of digits. */
const BLANKS = /(?<=\d)[\s'\u2019](?=\d{3}(?!\d))/g;

const NUMBER = /^[+-]?(?:\d[\d.,]*|[.,]\d+)$/;

/** Counts what the numbers of a tab say of its decimal mark. Texts of other columns must be kept from it. */
export class DecimalEvidence {
  #points = 0;
  #commas = 0;

  add(text: string): void {
    const mark = decimalMark(text.trim().replace(BLANKS, ''));
    if (mark === '.') this.#points += 1;
    else if (mark === ',') this.#commas += 1;
  }

  get mark(): DecimalMark {
    if (this.#points === this.#commas) return null;
    return this.#points > this.#commas ? '.' : ',';
  }
}

/**
 * A number in the spelling of any country; NaN for what is none. Where a text can be read in two ways (`1.024`) the
 * tab's mark decides; without one it parts thousands, because RVTools counts in whole MiB.
 */
export function parseNumber(text: string, tabMark: DecimalMark): number {
  const plain = text.trim().replace(BLANKS, '');
  if (!NUMBER.test(plain)) return Number.NaN;
  const mark = decimalMark(plain) ?? tabMark;
  const parting = mark === ',' ? '.' : ',';
  const whole = mark === null ? plain.replace(/[.,]/g, '') : plain.replaceAll(parting, '');
  return Number(mark === null ? whole : whole.replace(mark, '.'));
}

/** The decimal mark as far as the number itself tells. */
function decimalMark(text: string): DecimalMark {
  if (!NUMBER.test(text)) return null;
  const last = Math.max(text.lastIndexOf('.'), text.lastIndexOf(','));
  if (last === -1) return null;
  const mark = text[last] === ',' ? ',' : '.';
  const other = mark === ',' ? '.' : ',';
  const repeated = text.indexOf(mark) !== last;
  // `1.024.000`: a mark that comes again parts groups, so the decimal mark is the other.
  if (repeated) return other;
  if (text.includes(other)) return mark;
  const isGroup = /^[+-]?[1-9]\d{0,2}[.,]\d{3}$/.test(text);
  return isGroup ? null : mark;
}
