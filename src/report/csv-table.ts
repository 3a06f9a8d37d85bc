import { harmless } from '../model/harmless.js';

export type Cell = string | number | null;

/**
 * A table as RFC 4180 has it; lines end with CR LF. A cell that a spreadsheet would take for a formula begins with an
 * apostrophe.
 */
export function csvTable(heads: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [heads, ...rows].map((cells) => `${cells.map(written).join(',')}\r\n`).join('');
}

/** Three digits after the point are enough for a MiB of a GiB. */
export function decimal(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function written(content: Cell): string {
  if (content === null) return '';
  if (typeof content === 'number') return String(content);
  // Before anything is replaced: a carriage return counts as well.
  const text = /^[=+\-@\t\r]/.test(content) ? `'${harmless(content)}` : harmless(content);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
