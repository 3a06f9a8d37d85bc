import { formatSeconds } from '../../model/format.js';
import { type Content, html, type Markup } from '../../model/html-markup.js';
import type { WaveEstimate } from '../../model/plan.js';
import { type Column, count, stacked, table } from '../html-elements.js';
import { timeline } from './html-timeline.js';
import { BOTTLENECK_WORDS, clock, formatAmount, windowWords } from './html-words.js';
import type { PageWave, PlanPage } from './page-context.js';

const COLUMNS: readonly Column[] = [
  { title: 'Wave' },
  { title: 'Machines', numeric: true },
  { title: 'Data', numeric: true },
  { title: 'Work', numeric: true },
  { title: 'Start' },
  { title: 'End' },
  { title: 'Window' },
  { title: 'Bottleneck' },
];

/** A row per wave and the timeline; null without machines. */
export function waves(page: PlanPage): Markup | null {
  const { plan, waves: all, timeZone } = page;
  if (plan.machines.length === 0) return null;
  const estimates = new Map(plan.estimate.waves.map((estimate) => [estimate.wave, estimate]));
  return html`<section aria-labelledby="waves" class="waves">
<h2 id="waves">Waves</h2>
<p class="note">One wave after the other. Work is the time in which something is moved; the time between two windows does
not count.</p>
${table(
  'The waves with their amounts and times',
  COLUMNS,
  all.map((each) => row(each, estimates.get(each.wave.name), timeZone)),
)}
${timeline(page, estimates)}
</section>`;
}

function row(
  { wave, machines }: PageWave,
  estimate: WaveEstimate | undefined,
  timeZone: string | undefined,
): Content[] {
  const left = machines.length - (estimate?.machines ?? machines.length);
  return [
    wave.name,
    stacked(machines.length, left > 0 ? `${left} not moved` : null),
    estimate === undefined ? null : formatAmount(estimate.bytes),
    estimate === undefined ? null : formatSeconds(estimate.seconds),
    clock(estimate?.startsAt ?? null, timeZone),
    clock(estimate?.endsAt ?? null, timeZone),
    stacked(
      windowWords(wave.window),
      wave.window === null || estimate === undefined ? null : `takes ${count(estimate.windows, 'window')}`,
    ),
    estimate === undefined ? null : BOTTLENECK_WORDS[estimate.bottleneck],
  ];
}
