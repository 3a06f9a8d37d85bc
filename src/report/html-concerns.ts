import { html, type Markup } from '../model/html-markup.js';
import type { Concern } from '../model/plan.js';
import { code } from './html-elements.js';
import { badge, severityBadge } from './html-words.js';

/** The concerns of one machine, each with what to do about it; null without any. */
export function concernList(concerns: readonly Concern[]): Markup | null {
  if (concerns.length === 0) return null;
  return html`<h4>Concerns</h4>
<ul class="concerns">
${concerns.map(
  ({ id, severity, about, message, remedy, fix, waived }) =>
    html`<li>${severityBadge(severity)}<div>${aboutWords(about)}${message} ${code(id)}<br><strong>${remedy}</strong>${fixWords(fix)}${waivedWords(waived)}</div></li>\n`,
)}</ul>`;
}

// Ledgers of earlier releases have nothing in place of the three nulls.

function aboutWords(about: string | null | undefined): Markup | null {
  return about ? html`<bdi>${about}</bdi>: ` : null;
}

/** What the plan does about a concern by itself; null when it leaves it to people. */
export function fixWords(fix: string | null | undefined): Markup | null {
  return fix ? html`<p><b>Done by the plan:</b> ${fix}</p>` : null;
}

/** Why people go on regardless; null when nobody said so. */
export function waivedWords(waived: string | null | undefined): Markup | null {
  return waived ? html`<p>${badge('Waived', 'quiet')} ${waived}</p>` : null;
}
