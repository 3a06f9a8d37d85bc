import { formatSeconds } from '../../model/format.js';
import { html, type Markup } from '../../model/html-markup.js';
import { plannedSourceChanges } from '../../model/source-change-words.js';
import { concernList } from '../html-concerns.js';
import { code, facts, table } from '../html-elements.js';
import { detailsId } from '../html-words.js';
import { beforeAfter } from './before-after.js';
import { clock, verdictBadge } from './html-words.js';
import type { PageMachine, PageWave, PlanPage } from './page-context.js';

const COLUMNS = [{ title: 'Part' }, { title: 'At the source' }, { title: 'At the target' }];

/** A part per machine to unfold: what it is and what becomes of it; null without any. */
export function annex(page: PlanPage): Markup | null {
  const { plan, waves, many } = page;
  if (plan.machines.length === 0) return null;
  return html`<section aria-labelledby="annex" class="annex${many ? ' sparse' : null}">
<h2 id="annex">Annex: the machines before and after</h2>
${
  many
    ? html`<p class="note">Machines without concerns are in brief, and are printed as far as they are unfolded.</p>`
    : null
}
${waves.map((each) => waveDetails(each, page))}
</section>`;
}

function waveDetails({ wave, machines }: PageWave, { many, timeZone }: PlanPage): Markup | null {
  if (machines.length === 0) return null;
  return html`<h3>${wave.name}</h3>
${machines.map((machine) =>
  many && machine.planned.concerns.length === 0 ? brief(machine) : full(machine, timeZone),
)}`;
}

/** Thousands of these must not make the page heavy. */
function brief({ planned, index }: PageMachine): Markup {
  const parts = beforeAfter(planned).map(({ part, before, after }) =>
    before === after
      ? html`<li>${part}: ${before}</li>\n`
      : html`<li>${part}: <bdi>${before}</bdi> → <bdi>${after}</bdi></li>\n`,
  );
  const changes = plannedSourceChanges(planned.live);
  const atSource = changes === null ? null : html`<li>Done at the source: ${changes}</li>`;
  return html`<details class="fold"><summary>${planned.machine.name}</summary><ul id="${detailsId(index)}">${parts}${atSource}</ul></details>
`;
}

function full(
  { planned, verdict, estimate, startsAt, index }: PageMachine,
  timeZone: string | undefined,
): Markup {
  const { machine, output, concerns } = planned;
  const { host, cluster, folder } = machine.placement;
  const rows = beforeAfter(planned).map(({ part, before, after }) => [
    part,
    before,
    before === after ? html`<span class="same">${after}</span>` : after,
  ]);
  // The anchor is inside, where following a link to it unfolds the part.
  return html`<details>
<summary><h4>${machine.name}</h4> ${verdictBadge(verdict)}</summary>
<div class="body" id="${detailsId(index)}">
${machine.description === '' ? null : html`<p class="message">${machine.description}</p>`}
${facts([
  ['Starts', startsAt === null ? null : clock(startsAt, timeZone)],
  ['Takes', estimate === null ? 'not moved' : formatSeconds(estimate.seconds)],
  ['Source', code(machine.source.descriptor)],
  ['Output', code(output)],
  ['Power', machine.powerState],
  ['Done at the source', plannedSourceChanges(planned.live)],
  ['Folder', folder],
  ['Host', [host, cluster].filter((part) => part !== null).join(', ') || null],
  ['BIOS UUID', machine.uuid === null ? null : code(machine.uuid)],
])}
${table(`${machine.name} before and after`, COLUMNS, rows)}
${concernList(concerns)}
</div>
</details>
`;
}
