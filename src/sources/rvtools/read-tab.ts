import { type ErrorCode, XenferryError } from '../../model/errors.js';
import type { Problem, Severity } from '../../model/inventory.js';
import { problemOf } from '../problems.js';
import type { Cell, TabSource } from './cells.js';
import { DateEvidence } from './dates.js';
import { headingName, parseHeading } from './headings.js';
import { DecimalEvidence } from './numbers.js';
import type { Column, ColumnKind, Columns, Tab } from './tabs.js';
import { readValue, type TabStyle, type Value } from './values.js';

type ValueOf<K extends ColumnKind> = K extends 'flag'
  ? boolean
  : K extends 'number' | 'bytes'
    ? number
    : string;

/** A row by the names that the tab's description gives its columns; null where a cell is empty or makes no sense. */
export type Row<C extends Columns = Columns> = {
  readonly [name in keyof C]: ValueOf<C[name]['kind']> | null;
};

export interface ReadTab<C extends Columns> {
  readonly rows: readonly Row<C>[];
  /** What stands in columns that nobody asked for, by their headings, for each row; empty cells left out. */
  readonly extras: readonly Readonly<Record<string, string>>[];
  readonly problems: readonly Problem[];
}

export interface TabOptions {
  readonly from1904: boolean;
  /** Headings that are no extras; null to leave all extras out. */
  readonly knownHeadings: readonly string[] | null;
  /** Counts down over all tabs of an export. */
  readonly budget: TabBudget;
}

/** What an export may have in all its tabs together. */
export class TabBudget {
  #rows = 2_000_000;
  #cells = 30_000_000;
  #characters = 256 * 1024 * 1024;

  /** Throws RVTOOLS_TOO_LARGE when the export has more than any estate needs. */
  take(cells: readonly Cell[], file: string): void {
    this.#rows -= 1;
    this.#cells -= cells.length;
    for (const cell of cells) if (typeof cell === 'string') this.#characters -= cell.length;
    if (this.#rows >= 0 && this.#cells >= 0 && this.#characters >= 0) return;
    throw new XenferryError('RVTOOLS_TOO_LARGE', 'it has more rows or text than any estate needs', { file });
  }
}

interface FoundColumn extends Column {
  readonly key: string;
  readonly heading: string;
  readonly index: number;
  readonly unit: number;
}

interface ExtraColumn {
  readonly heading: string;
  readonly index: number;
}

interface RawRow {
  readonly number: number;
  readonly cells: readonly Cell[];
  readonly extras: Readonly<Record<string, string>>;
}

/** Titles may stand above the headings. */
const HEADING_ROWS = 10;
const MAX_EXTRAS = 256;
const NO_EXTRAS: Readonly<Record<string, string>> = {};

/**
 * Reads a tab. Columns are found by their headings, whatever their order, case, blanks and unit; a missing one, and
 * values that make no sense, are problems. Rows that repeat the headings, and empty ones, are left out.
 * Throws RVTOOLS_MALFORMED, RVTOOLS_TOO_LARGE or SOURCE_*.
 */
export async function readTab<C extends Columns>(
  tab: Tab<C>,
  source: TabSource,
  options: TabOptions,
): Promise<ReadTab<C>> {
  const reader = new TabReader<C>(tab, source.file, options);
  await source.read((cells, number) => reader.take(cells, number));
  return reader.finish();
}

class TabReader<C extends Columns> {
  readonly #tab: Tab<C>;
  readonly #file: string;
  readonly #options: TabOptions;
  readonly #raw: RawRow[] = [];
  #columns: readonly FoundColumn[] | null = null;
  #extraColumns: readonly ExtraColumn[] = [];
  #rowsBefore = 0;

  constructor(tab: Tab<C>, file: string, options: TabOptions) {
    this.#tab = tab;
    this.#file = file;
    this.#options = options;
  }

  take(cells: readonly Cell[], number: number): void {
    if (this.#columns === null) this.#takeHeadings(cells);
    else this.#takeRow(cells, this.#columns, number);
  }

  #takeHeadings(cells: readonly Cell[]): void {
    this.#rowsBefore += 1;
    const [first] = Object.values(this.#tab.columns);
    const wanted = new Set(first?.names.map(headingName));
    const texts = cells.map((cell) => (typeof cell === 'string' ? cell.trim() : ''));
    if (this.#rowsBefore > HEADING_ROWS || !texts.some((text) => wanted.has(headingName(text)))) return;
    const headings = texts.map((heading, index) => ({ heading, index, ...parseHeading(heading) }));
    this.#columns = Object.entries(this.#tab.columns).flatMap(([key, column]) => {
      const found = column.names
        .map((name) => headings.find((heading) => heading.name === parseHeading(name).name))
        .find((heading) => heading !== undefined);
      return found === undefined ? [] : [{ ...column, ...found, key }];
    });
    this.#extraColumns = this.#findExtras(headings);
  }

  #findExtras(headings: readonly (ExtraColumn & { readonly name: string })[]): readonly ExtraColumn[] {
    const { knownHeadings } = this.#options;
    if (knownHeadings === null) return [];
    const known = new Set(
      [...knownHeadings, ...Object.values(this.#tab.columns).flatMap(({ names }) => names)].map(headingName),
    );
    return headings.filter(({ name, heading }) => heading !== '' && !known.has(name)).slice(0, MAX_EXTRAS);
  }

  #takeRow(cells: readonly Cell[], columns: readonly FoundColumn[], number: number): void {
    const kept = columns.map(({ index }) => cells[index] ?? null);
    if (isFiller(kept, columns)) return;
    const extras = this.#extrasOf(cells);
    this.#options.budget.take(kept, this.#file);
    this.#options.budget.take(Object.values(extras), this.#file);
    this.#raw.push({ number, cells: kept, extras });
  }

  #extrasOf(cells: readonly Cell[]): Readonly<Record<string, string>> {
    if (this.#extraColumns.length === 0) return NO_EXTRAS;
    const filled = this.#extraColumns.flatMap(({ heading, index }) => {
      const text = String(cells[index] ?? '').trim();
      return text === '' ? [] : [[heading, text] as const];
    });
    return filled.length === 0 ? NO_EXTRAS : Object.fromEntries(filled);
  }

  finish(): ReadTab<C> {
    const columns = this.#columns;
    if (columns === null) {
      const message = `tab ${this.#tab.name}: none of its first ${HEADING_ROWS} rows has the headings`;
      if (this.#tab.missing === 'critical') {
        throw new XenferryError('RVTOOLS_MALFORMED', message, { file: this.#file });
      }
      return {
        rows: [],
        extras: [],
        problems: this.#problem('RVTOOLS_INCOMPLETE', message, this.#tab.missing),
      };
    }
    const converter = new RowConverter(columns, styleOf(this.#raw, columns, this.#options.from1904));
    const blank = Object.fromEntries(Object.keys(this.#tab.columns).map((key) => [key, null]));
    const rows = this.#raw.map((row) => ({ ...blank, ...converter.convert(row) }) as Row<C>);
    return {
      rows,
      extras: this.#raw.map(({ extras }) => extras),
      problems: [...this.#missingColumns(columns), ...this.#unreadableValues(converter)],
    };
  }

  #missingColumns(columns: readonly FoundColumn[]): readonly Problem[] {
    const found = new Set(columns.map(({ key }) => key));
    return Object.entries(this.#tab.columns).flatMap(([key, { names, missing }]) =>
      found.has(key)
        ? []
        : this.#problem('RVTOOLS_INCOMPLETE', `tab ${this.#tab.name} has no column "${names[0]}"`, missing),
    );
  }

  #unreadableValues(converter: RowConverter): readonly Problem[] {
    return [...converter.unreadable].flatMap(([heading, { count, row, text }]) => {
      const where = `the first in row ${row}: ${JSON.stringify(text)}`;
      const message = `tab ${this.#tab.name}, column "${heading}": ${count} values make no sense, ${where}`;
      return this.#problem('RVTOOLS_MALFORMED', message, 'warning');
    });
  }

  #problem(code: ErrorCode, message: string, severity: Severity | null): readonly Problem[] {
    if (severity === null) return [];
    return [problemOf(severity, code, message, { file: this.#file, machineId: null })];
  }
}

/** An empty row, one that repeats the headings, and a `VM` that is nothing but its heading again. */
function isFiller(cells: readonly Cell[], columns: readonly FoundColumn[]): boolean {
  return cells.every((cell, index) => {
    const text = cell === null ? '' : String(cell).trim();
    return text === '' || text.toLowerCase() === columns[index]?.heading.toLowerCase();
  });
}

function styleOf(rows: readonly RawRow[], columns: readonly FoundColumn[], from1904: boolean): TabStyle {
  const decimals = new DecimalEvidence();
  const dates = new DateEvidence();
  for (const { cells } of rows) {
    for (const [index, { kind }] of columns.entries()) {
      const cell = cells[index];
      if (typeof cell !== 'string') continue;
      if (kind === 'bytes' || kind === 'number') decimals.add(cell);
      else if (kind === 'date') dates.add(cell);
    }
  }
  return { decimalMark: decimals.mark, dateOrder: dates.order, from1904 };
}

interface Unreadable {
  count: number;
  readonly row: number;
  readonly text: string;
}

class RowConverter {
  readonly unreadable = new Map<string, Unreadable>();
  readonly #columns: readonly FoundColumn[];
  readonly #style: TabStyle;

  constructor(columns: readonly FoundColumn[], style: TabStyle) {
    this.#columns = columns;
    this.#style = style;
  }

  convert({ cells, number }: RawRow): Readonly<Record<string, Value>> {
    const row: Record<string, Value> = {};
    for (const [index, { key, kind, unit, heading }] of this.#columns.entries()) {
      const cell = cells[index] ?? null;
      const value = readValue(cell, kind, unit, this.#style);
      if (value === undefined) this.#note(heading, number, String(cell));
      row[key] = value ?? null;
    }
    return row;
  }

  #note(heading: string, row: number, text: string): void {
    const noted = this.unreadable.get(heading);
    if (noted === undefined) this.unreadable.set(heading, { count: 1, row, text: text.slice(0, 40) });
    else noted.count += 1;
  }
}
