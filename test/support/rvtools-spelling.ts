import type { Sheet, SheetCell } from './xlsx-maker.js';

/** How a country, or a version of RVTools, writes what is the same. */
export interface Spelling {
  readonly delimiter: ',' | ';' | '\t';
  readonly decimalMark: '.' | ',';
  /** Between thousands; empty for none. */
  readonly grouping: '' | ' ' | '\u00a0' | '\u202f' | "'" | 'other mark';
  readonly unit: 'MiB' | 'MB' | 'KiB';
  readonly yes: string;
  readonly no: string;
  readonly encoding: 'utf8' | 'utf16le';
}

const KIB_A_MIB = 1024;

/** A tab as a CSV file in this spelling; columns headed `... MiB` are counted in its unit. */
export function spellCsv({ rows: [headings = [], ...rows] }: Sheet, spelling: Spelling): Buffer {
  const { unit, delimiter, encoding } = spelling;
  const sized = headings.map((heading) => / MiB$/.test(String(heading)));
  const lines = [
    headings.map((heading) => quoted(String(heading ?? '').replace(/ MiB$/, ` ${unit}`))),
    ...rows.map((row) =>
      row.map((cell, column) => {
        const factor = sized[column] === true && unit === 'KiB' ? KIB_A_MIB : 1;
        return quoted(spellCell(typeof cell === 'number' ? cell * factor : cell, spelling));
      }),
    ),
  ];
  return Buffer.from(`\ufeff${lines.map((line) => line.join(delimiter)).join('\r\n')}\r\n`, encoding);
}

function spellCell(cell: SheetCell, spelling: Spelling): string {
  if (cell === null) return '';
  if (typeof cell === 'boolean') return cell ? spelling.yes : spelling.no;
  return typeof cell === 'number' ? spellNumber(cell, spelling) : cell;
}

function spellNumber(number: number, { decimalMark, grouping }: Spelling): string {
  const [whole = '', fraction] = String(number).split('.');
  const other = decimalMark === ',' ? '.' : ',';
  const mark = grouping === 'other mark' ? other : grouping;
  const grouped = whole.replace(/\B(?=(?:\d{3})+$)/g, mark);
  return fraction === undefined ? grouped : `${grouped}${decimalMark}${fraction}`;
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
