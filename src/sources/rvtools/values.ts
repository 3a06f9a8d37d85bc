import type { Cell } from './cells.js';
import { type DateOrder, parseDate, serialDate } from './dates.js';
import { type DecimalMark, parseNumber } from './numbers.js';
import type { ColumnKind } from './tabs.js';

export type Value = string | number | boolean | null;

/** How a tab's texts are to be read. */
export interface TabStyle {
  readonly decimalMark: DecimalMark;
  readonly dateOrder: DateOrder;
  /** Whether a workbook counts its days from 1904. */
  readonly from1904: boolean;
}

/** In the languages Excel and .NET write them. */
const YES = new Set(
  'true wahr vrai vero verdadero verdadeiro waar prawda sant yes ja oui sí si sim 1'.split(' '),
);
const NO = new Set('false falsch faux falso onwaar fałsz falskt no nein nee non não 0'.split(' '));

/** A cell as its column's kind; null where it is empty, undefined where it is nothing of that kind. */
export function readValue(cell: Cell, kind: ColumnKind, unit: number, style: TabStyle): Value | undefined {
  if (cell === null || (typeof cell === 'string' && cell.trim() === '')) return null;
  switch (kind) {
    case 'text':
      return String(cell).trim();
    case 'flag':
      return readFlag(cell);
    case 'number':
      return readNumber(cell, style);
    case 'bytes':
      return readBytes(cell, unit, style);
    case 'date':
      return typeof cell === 'number'
        ? serialDate(cell, style.from1904)
        : parseDate(String(cell), style.dateOrder);
  }
}

function readFlag(cell: string | number | boolean): boolean | undefined {
  if (typeof cell === 'boolean') return cell;
  const word = String(cell).trim().toLowerCase();
  if (YES.has(word)) return true;
  return NO.has(word) ? false : undefined;
}

function readNumber(cell: string | number | boolean, style: TabStyle): number | undefined {
  if (typeof cell === 'boolean') return undefined;
  const number = typeof cell === 'number' ? cell : parseNumber(cell, style.decimalMark);
  return Number.isFinite(number) ? number : undefined;
}

function readBytes(cell: string | number | boolean, unit: number, style: TabStyle): number | undefined {
  const number = readNumber(cell, style);
  if (number === undefined) return undefined;
  const bytes = Math.round(number * unit);
  return Number.isSafeInteger(bytes) && bytes >= 0 ? bytes : undefined;
}
