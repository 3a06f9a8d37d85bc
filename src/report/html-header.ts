import { placeName } from '../model/destination.js';
import { formatBytes, formatRate, formatSeconds } from '../model/format.js';
import { html, type Markup } from '../model/html-markup.js';
import { bar, code, count, facts, figures } from './html-elements.js';
import { dataBytesOf, moment, verdict } from './html-words.js';
import type { RunReport } from './run-report.js';

/** The verdict, when and how long, and the totals. */
export function header(report: RunReport): Markup {
  const { text, tone } = verdict(report.totals);
  return html`<header>
<div class="top"><p class="kicker">Xenferry conversion report</p>${contents(report)}</div>
<h1 class="verdict ${tone}">${text}</h1>
<p class="lead">${lead(report)}</p>
${bar([
  ['done', report.totals.done],
  ['failed', report.totals.failed],
  ['open', report.totals.open],
])}
${totalFigures(report)}
${facts([
  ['Started', moment(report.startedAt)],
  [
    'Finished',
    report.finishedAt === null ? 'Still running, or stopped before the end' : moment(report.finishedAt),
  ],
  ...expected(report),
  [
    report.sources.length === 1 ? 'Source' : 'Sources',
    report.sources.map((source) => html`<div>${code(source)}</div>`),
  ],
  ['Target', code(placeName(report.destination, report.target))],
])}
</header>`;
}

/** The estimate against what it took. */
function expected({ expectedSeconds, startedAt, finishedAt }: RunReport): [string, string][] {
  if (expectedSeconds === null || finishedAt === null) return [];
  const took = formatSeconds((finishedAt - startedAt) / 1000);
  return [['Estimate', `${formatSeconds(expectedSeconds)} before it began; it took ${took}`]];
}

const OUTPUTS = { xva: 'XVA file', vhd: 'folder', xl: 'folder', pool: 'VM' } as const;

/** Links to the parts that this report has. */
function contents({ totals, machines }: RunReport): Markup | null {
  if (machines.length === 0) return null;
  const parts = [
    ['machines', 'Machines'],
    ...(totals.failed === 0 ? [] : [['failures', 'What failed']]),
    ...(machines.every(({ planned }) => planned === null) ? [] : [['details', 'Details']]),
    ['next', 'What to do next'],
  ];
  return html`<nav aria-label="On this page">${parts.map(
    ([id = '', title = '']) => html`<a href="#${id}">${title}</a> `,
  )}</nav>`;
}

function lead({ destination, totals: { machines, done, failed, open, rolledBack } }: RunReport): string {
  const ready = destination.kind === 'pool' ? 'in the pool' : 'ready to import';
  if (machines === 0) return 'The sources held nothing to convert.';
  const parts = [
    done === 0 ? '' : `${count(done, 'machine')} converted, verified and ${ready}`,
    failed === 0 ? '' : `${failed} failed`,
    open === 0 ? '' : `${open} not finished`,
    rolledBack === 0 ? '' : `${rolledBack} rolled back`,
  ];
  return `${parts.filter((part) => part !== '').join(', ')}.`;
}

function totalFigures({ totals, machines, startedAt, finishedAt, destination }: RunReport): Markup {
  const seconds = finishedAt === null ? null : (finishedAt - startedAt) / 1000;
  const converted = machines.filter((machine) => dataBytesOf(machine) !== null);
  const capacity = converted
    .flatMap(({ disks }) => disks)
    .reduce((sum, { capacityBytes }) => sum + capacityBytes, 0);
  return figures([
    ['Machines', totals.machines, `${totals.done} done`],
    [
      'Data moved',
      formatBytes(totals.dataBytes),
      capacity === 0 ? null : `of ${formatBytes(capacity)} disk space`,
    ],
    ['Output', formatBytes(totals.outputBytes), count(totals.done, OUTPUTS[destination.kind])],
    ['Duration', seconds === null ? '–' : formatSeconds(seconds), 'from start to end'],
    ['Overall rate', seconds === null ? '–' : formatRate(totals.dataBytes, seconds), 'data moved per second'],
  ]);
}
