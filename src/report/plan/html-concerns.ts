import { type Content, html, type Markup } from '../../model/html-markup.js';
import type { Severity } from '../../model/inventory.js';
import { fixWords, waivedWords } from '../html-concerns.js';
import { code, count } from '../html-elements.js';
import { detailsId, severityBadge } from '../html-words.js';
import type { ConcernGroup, Finding, Subject } from './concern-groups.js';
import { folded } from './html-folded.js';
import type { PlanPage } from './page-context.js';

const SECTIONS: readonly (readonly [Severity, string, string])[] = [
  ['critical', 'Critical', 'What keeps a machine, or the whole plan, from being moved unless it is waived.'],
  [
    'warning',
    'Warnings',
    'What wants to be read, and often something done about it, before the machine is moved.',
  ],
  ['information', 'Notes', 'What is good to know; nothing depends on it.'],
];

/** More findings than this are folded away, and so are more names. */
const SHOWN_FINDINGS = 10;
const SHOWN_NAMES = 20;

/** Every concern, the gravest first; null without any. */
export function concerns({ groups, many }: PlanPage): Markup | null {
  if (groups.length === 0) return null;
  return html`<section aria-labelledby="concerns"${many ? html` class="sparse"` : null}>
<h2 id="concerns">Concerns</h2>
${SECTIONS.map(([severity, title, meaning]) =>
  section(
    title,
    meaning,
    groups.filter((group) => group.severity === severity),
  ),
)}</section>`;
}

function section(title: string, meaning: string, groups: readonly ConcernGroup[]): Markup | null {
  if (groups.length === 0) return null;
  return html`<h3>${title}</h3>
<p class="note">${meaning}</p>
${groups.map(concernGroup)}`;
}

function concernGroup({ id, severity, remedy, fix, findings }: ConcernGroup): Markup {
  const list = html`<ul>
${findings.map(findingItem)}</ul>`;
  const subjects = findings.reduce((sum, finding) => sum + finding.subjects.length, 0);
  return html`<article class="group ${severity}">
<h4>${severityBadge(severity)} ${code(id)} <small>${count(subjects, 'finding')}</small></h4>
<p><b>What to do:</b> ${remedy}</p>
${fixWords(fix)}
${findings.length > SHOWN_FINDINGS ? folded(count(subjects, 'finding'), list) : list}
</article>
`;
}

function findingItem({ message, waived, subjects }: Finding): Markup {
  const names = separated(subjects.map(subjectWords));
  const who = subjects.length > SHOWN_NAMES ? folded(`${subjects.length} machines`, names) : names;
  return html`<li>${message}<div class="subjects">${who}</div>${waivedWords(waived)}</li>\n`;
}

function subjectWords({ machine, name, about }: Subject): Markup {
  const who =
    machine === null ? html`<bdi>${name}</bdi>` : html`<a href="#${detailsId(machine)}">${name}</a>`;
  return about === null ? who : html`${who} (<bdi>${about}</bdi>)`;
}

function separated(parts: readonly Markup[]): Content {
  return parts.map((part, index) => (index === 0 ? part : html`, ${part}`));
}
