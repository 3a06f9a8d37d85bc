import { html, type Markup } from '../model/html-markup.js';
import type { MachineFailure } from './notice.js';
import type { SummaryParts } from './summary.js';

/** Mail programs drop style sheets, so that each element has its own style. */
const CELL = 'padding:2px 12px 2px 0;vertical-align:top';

/** The morning page as mail programs show it: no scripts, no pictures, nothing fetched from anywhere. */
export function summaryHtml(batch: string, parts: SummaryParts, url: string | null): string {
  const { headline, night, facts, failures, waiting } = parts;
  const rows = facts.map(
    ({ label, value }) => html`<tr><th scope="row" align="left" style="${CELL}">${label}</th>
<td style="${CELL}">${value}</td></tr>`,
  );
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${batch}</title></head>
<body style="font-family:sans-serif;max-width:42em">
<h1 style="font-size:1.3em">${batch}: ${headline}</h1>
<p>${night}</p>
<table>${rows}</table>
${section('What needs a hand', failures.shown.map(failureItem), failures.more)}
${section('What is left', waiting.shown.map(waitingItem), waiting.more)}
${url === null ? null : html`<p><a href="${url}">The whole report</a></p>`}
</body></html>
`;
  return page.markup;
}

function section(title: string, items: readonly Markup[], more: number): Markup | null {
  if (items.length === 0) return null;
  return html`<h2 style="font-size:1.1em">${title}</h2>
<ul>${items}${more === 0 ? null : html`<li>and ${more} more</li>`}</ul>`;
}

function failureItem({ machine, code, message, hint }: MachineFailure): Markup {
  return html`<li><b>${machine}</b>: ${message} (${code})<br>${hint}</li>
`;
}

function waitingItem({ machine, reason }: { readonly machine: string; readonly reason: string }): Markup {
  return html`<li><b>${machine}</b>: ${reason}</li>
`;
}
