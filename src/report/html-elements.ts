import { type Content, html, type Markup } from '../model/html-markup.js';
import type { Tone } from './html-words.js';

export interface Column {
  readonly title: string;
  /** Numbers stand to the right, where their digits line up. */
  readonly numeric?: boolean;
}

/**
 * A table whose first column names the row; null in a cell is a dash. The roles are spelled out because a narrow screen shows the rows as
 * cards, and some browsers forget that a table is one once its display changes.
 */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Content[])[],
): Markup {
  return html`<table role="table">
<caption>${caption}</caption>
<thead role="rowgroup"><tr role="row">${columns.map(heading)}</tr></thead>
<tbody role="rowgroup">
${rows.map((cells) => html`<tr role="row">${cells.map((content, index) => cell(content, index, columns[index]))}</tr>\n`)}</tbody>
</table>`;
}

function heading({ title, numeric }: Column): Markup {
  return html`<th role="columnheader" scope="col"${classAttribute(numeric === true ? ['numeric'] : [])}>${title}</th>`;
}

function cell(content: Content, index: number, column: Column | undefined): Markup {
  const label = html` data-label="${column?.title ?? ''}"`;
  if (index === 0) return html`<th role="rowheader" scope="row">${content}</th>`;
  const classes = [...(column?.numeric === true ? ['numeric'] : []), ...(content === null ? ['empty'] : [])];
  return html`<td role="cell"${classAttribute(classes)}${label}><div>${content ?? '–'}</div></td>`;
}

function classAttribute(classes: readonly string[]): Markup | null {
  return classes.length === 0 ? null : html` class="${classes.join(' ')}"`;
}

/** Names and values; entries whose value is null are left out. */
export function facts(entries: readonly (readonly [name: string, value: Content])[]): Markup {
  const known = entries.filter(([, value]) => value !== null);
  return html`<dl class="facts">
${known.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>\n`)}</dl>`;
}

/** A row of large figures, each with its name above and what goes with it below. */
export function figures(
  entries: readonly (readonly [name: string, value: Content, below: Content])[],
): Markup {
  return html`<dl class="figures">
${entries.map(([name, value, below]) => html`<div><dt>${name}</dt><dd>${stacked(value, below)}</dd></div>\n`)}</dl>`;
}

/** How many have which fate, drawn. The words beside it say the same, hence hidden from screen readers. */
export function bar(parts: readonly (readonly [tone: Tone, number: number])[]): Markup {
  const shown = parts.filter(([, number]) => number > 0);
  return html`<div class="bar" aria-hidden="true">${shown.map(
    ([tone, number]) => html`<span class="${tone}" style="flex-grow:${number}"></span>`,
  )}</div>`;
}

/** A value and, smaller below it, what goes with it. */
export function stacked(value: Content, below: Content): Markup {
  return html`${value}${below === null || below === '' ? null : html`<small>${below}</small>`}`;
}

/** Text as it stands in files and commands. */
export function code(text: string): Markup {
  return html`<code>${text}</code>`;
}

/** `1 machine`, `3 machines`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
