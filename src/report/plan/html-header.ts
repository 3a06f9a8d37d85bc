import { placeName } from '../../model/destination.js';
import { formatSeconds } from '../../model/format.js';
import { type Content, html, type Markup } from '../../model/html-markup.js';
import { bar, code, count, facts, figures, stacked } from '../html-elements.js';
import { moment } from '../html-words.js';
import { BOTTLENECK_WORDS, clock, formatAmount, planVerdict } from './html-words.js';
import type { PlanPage } from './page-context.js';
import { shortage } from './shortage.js';

/** Title and verdict, the totals, and how long it takes. */
export function header(page: PlanPage, title: string, generatedAt: Date): Markup {
  const { text, tone } = planVerdict(page.summary);
  const { ready, review, blocked } = page.summary.verdicts;
  return html`<header>
<div class="top"><p class="kicker">Xenferry migration plan</p>${contents(page)}</div>
<h1>${title}</h1>
<p class="verdict ${tone}">${text}</p>
<p class="lead">${lead(page)}</p>
${bar([
  ['done', ready],
  ['open', review],
  ['failed', blocked + page.summary.unreadable],
])}
${totals(page)}
${facts([
  ['Planned', moment(generatedAt.getTime(), page.timeZone)],
  ['Takes place', takesPlace(page)],
  [
    page.plan.sources.length === 1 ? 'Source' : 'Sources',
    page.plan.sources.map((source) => html`<div>${code(source)}</div>`),
  ],
  ['Target', code(placeName(page.plan.destination, page.plan.target))],
  ['Bottleneck', page.summary.machines.length === 0 ? null : BOTTLENECK_WORDS[page.plan.estimate.bottleneck]],
  ['Storage', storage(page)],
])}
</header>`;
}

function contents({ plan, groups }: PlanPage): Markup | null {
  const parts = [
    ...(plan.machines.length === 0 ? [] : [['waves', 'Waves']]),
    ...(groups.length === 0 ? [] : [['concerns', 'Concerns']]),
    ...(plan.machines.length === 0
      ? []
      : [
          ['machines', 'Machines'],
          ['mappings', 'Networks and storage'],
        ]),
    ['checklist', 'Left to people'],
    ['assumptions', 'Assumptions'],
    ['signatures', 'Signatures'],
    ...(plan.machines.length === 0 ? [] : [['annex', 'Annex']]),
  ];
  return html`<nav aria-label="On this page">${parts.map(
    ([id = '', title = '']) => html`<a href="#${id}">${title}</a> `,
  )}</nav>`;
}

function lead({ summary: { machines, verdicts, unreadable } }: PlanPage): string {
  if (machines.length + unreadable === 0) return 'The sources hold nothing to move.';
  const parts = [
    verdicts.ready === 0 ? '' : `${verdicts.ready} ready`,
    verdicts.review === 0 ? '' : `${verdicts.review} to read`,
    verdicts.blocked === 0 ? '' : `${verdicts.blocked} blocked`,
    unreadable === 0 ? '' : `${count(unreadable, 'descriptor')} not readable`,
  ];
  return `${parts.filter((part) => part !== '').join(', ')}.`;
}

function totals({ plan, summary }: PlanPage): Markup {
  const { cpus, memoryBytes, disks, capacityBytes, dataBytes } = summary.totals;
  const { estimate } = plan;
  return figures([
    ['Machines', summary.machines.length, count(plan.waves.length, 'wave')],
    ['CPUs', cpus, `${formatAmount(memoryBytes)} memory`],
    ['Disks', disks, `${formatAmount(capacityBytes)} disk space`],
    ['Data to move', formatAmount(dataBytes), 'of what the disks hold'],
    [
      'Estimated time',
      formatSeconds(estimate.seconds),
      `of work for ${count(estimate.machines.length, 'machine')}`,
    ],
  ]);
}

/** Null where the plan gives no start. */
function takesPlace({ plan, timeZone }: PlanPage): Content {
  const [first, last] = [plan.estimate.waves[0], plan.estimate.waves.at(-1)];
  if (first === undefined || last === undefined || first.startsAt === null || last.endsAt === null)
    return null;
  return html`${clock(first.startsAt, timeZone)} – ${clock(last.endsAt, timeZone)}`;
}

function storage({ plan: { estimate } }: PlanPage): Content {
  if (estimate.storage.length === 0) return null;
  const needed = estimate.storage.reduce((sum, { bytes }) => sum + bytes, 0);
  const short = estimate.storage.filter((each) => (shortage(each) ?? 0) > 0).length;
  const unknown = estimate.storage.filter((each) => shortage(each) === null).length;
  const words = [
    ...(short === 0 ? [] : [`too little free on ${short} of ${estimate.storage.length}`]),
    ...(unknown === 0 ? [] : [`free space not known of ${unknown} of ${estimate.storage.length}`]),
  ];
  return stacked(
    `${formatAmount(needed)} needed at most`,
    words.length === 0 ? 'there is room for all of it' : words.join(', '),
  );
}
