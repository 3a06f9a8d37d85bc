import { formatBytes, formatRate, formatSeconds } from '../model/format.js';
import { code, count, facts, stacked } from './html-elements.js';
import { type Content, html, type Markup } from './html-markup.js';
import { dataBytesOf, moment, type Tone, verdict } from './html-words.js';
import type { RunReport } from './run-report.js';

/** The verdict, when and how long, and the totals. */
export function header(report: RunReport): Markup {
  const { text, tone } = verdict(report.totals);
  return html`<header>
<div class="top"><p class="kicker">Xenferry conversion report</p>${contents(report)}</div>
<h1 class="verdict ${tone}">${text}</h1>
<p class="lead">${lead(report)}</p>
${statusBar(report.totals)}
${figures(report)}
${facts([
  ['Started', moment(report.startedAt)],
  [
    'Finished',
    report.finishedAt === null ? 'Still running, or stopped before the end' : moment(report.finishedAt),
  ],
  [
    report.sources.length === 1 ? 'Source' : 'Sources',
    report.sources.map((source) => html`<div>${code(source)}</div>`),
  ],
  ['Target', code(report.target)],
])}
</header>`;
}

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

function lead({ totals: { machines, done, failed, open } }: RunReport): string {
  if (machines === 0) return 'The sources held nothing to convert.';
  const parts = [
    done === 0 ? '' : `${count(done, 'machine')} converted, verified and ready to import`,
    failed === 0 ? '' : `${failed} failed`,
    open === 0 ? '' : `${open} not finished`,
  ];
  return `${parts.filter((part) => part !== '').join(', ')}.`;
}

/** Says nothing that the lead does not, hence hidden from screen readers. */
function statusBar({ done, failed, open }: RunReport['totals']): Markup {
  const parts: readonly (readonly [Tone, number])[] = [
    ['done', done],
    ['failed', failed],
    ['open', open],
  ];
  const shown = parts.filter(([, machines]) => machines > 0);
  return html`<div class="bar" aria-hidden="true">${shown.map(
    ([tone, machines]) => html`<span class="${tone}" style="flex-grow:${machines}"></span>`,
  )}</div>`;
}

function figures({ totals, machines, startedAt, finishedAt }: RunReport): Markup {
  const seconds = finishedAt === null ? null : (finishedAt - startedAt) / 1000;
  const converted = machines.filter((machine) => dataBytesOf(machine) !== null);
  const capacity = converted
    .flatMap(({ disks }) => disks)
    .reduce((sum, { capacityBytes }) => sum + capacityBytes, 0);
  return html`<dl class="figures">
${figure('Machines', totals.machines, `${totals.done} done`)}
${figure('Data moved', formatBytes(totals.dataBytes), capacity === 0 ? null : `of ${formatBytes(capacity)} disk space`)}
${figure('Output', formatBytes(totals.outputBytes), count(totals.done, 'XVA file'))}
${figure('Duration', seconds === null ? '–' : formatSeconds(seconds), 'from start to end')}
${figure('Overall rate', seconds === null ? '–' : formatRate(totals.dataBytes, seconds), 'data moved per second')}
</dl>`;
}

function figure(name: string, value: Content, below: Content): Markup {
  return html`<div><dt>${name}</dt><dd>${stacked(value, below)}</dd></div>`;
}
