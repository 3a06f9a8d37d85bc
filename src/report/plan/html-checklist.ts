import { html, type Markup } from '../../model/html-markup.js';
import { type Duty, dutiesAfter, dutiesBefore } from './duties.js';
import type { PlanPage } from './page-context.js';

/** What the plan leaves to people, to be ticked off. */
export function checklist(page: PlanPage): Markup {
  return html`<section aria-labelledby="checklist">
<h2 id="checklist">Left to people</h2>
<p class="note">What the plan does not do by itself, to be ticked off.</p>
${duties('Before the machines are moved', dutiesBefore(page))}
${duties('After they are moved', dutiesAfter(page))}
</section>`;
}

function duties(title: string, all: readonly Duty[]): Markup | null {
  if (all.length === 0) return null;
  return html`<h3>${title}</h3>
<ul class="checklist">
${all.map(
  ({ what, about }) => html`<li>${what}${about === null ? null : html`<small>${about}</small>`}</li>\n`,
)}</ul>`;
}
