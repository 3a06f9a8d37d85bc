import { html, type Markup } from '../../model/html-markup.js';
import { count } from '../html-elements.js';
import type { PlanPage } from './page-context.js';

const LINES = ['Name', 'Date', 'Signature'];

/** Lines for both parties. */
export function signatures({ summary: { machines } }: PlanPage): Markup {
  return html`<section aria-labelledby="signatures" class="signatures">
<h2 id="signatures">Signatures</h2>
<p>We have read this plan of ${count(machines.length, 'machine')} with its annex, and agree that the machines are moved as
it says.</p>
<div class="halves">
${party('For the customer')}
${party('For the operator')}
</div>
</section>`;
}

function party(title: string): Markup {
  return html`<div>
<h3>${title}</h3>
<dl class="lines">${LINES.map((line) => html`<div><dt>${line}</dt><dd></dd></div>`)}</dl>
</div>`;
}
