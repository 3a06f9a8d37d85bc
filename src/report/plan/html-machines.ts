import { formatBytes, formatSeconds } from '../../model/format.js';
import { type Content, html, type Markup } from '../../model/html-markup.js';
import { type Column, stacked, table } from '../html-elements.js';
import { detailsId } from '../html-words.js';
import { verdictBadge } from './html-words.js';
import type { PageMachine, PlanPage } from './page-context.js';

const COLUMNS: readonly Column[] = [
  { title: 'Machine' },
  { title: 'Verdict' },
  { title: 'Wave' },
  { title: 'Guest' },
  { title: 'CPUs', numeric: true },
  { title: 'Memory', numeric: true },
  { title: 'Disk space', numeric: true },
  { title: 'Data', numeric: true },
  { title: 'Time', numeric: true },
];

/** A row per machine, wave by wave; null without any. */
export function machines({ plan, waves }: PlanPage): Markup | null {
  if (plan.machines.length === 0) return null;
  return html`<section aria-labelledby="machines" class="machines">
<h2 id="machines">Machines</h2>
${table(
  'Every machine of the plan, in the order in which they are moved',
  COLUMNS,
  waves.flatMap(({ machines: ofWave }) => ofWave.map(row)),
)}
</section>`;
}

function row({ planned, verdict, capacityBytes, estimate, index }: PageMachine): Content[] {
  const { machine, name, profile, wave, dataBytes } = planned;
  return [
    stacked(
      html`<a href="#${detailsId(index)}">${machine.name}</a>`,
      name === machine.name ? null : html`becomes <bdi>${name}</bdi>`,
    ),
    verdictBadge(verdict),
    wave,
    profile.title,
    machine.cpus,
    formatBytes(machine.memoryBytes),
    formatBytes(capacityBytes),
    formatBytes(dataBytes),
    estimate === null ? null : formatSeconds(estimate.seconds),
  ];
}
