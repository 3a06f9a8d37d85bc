import { formatBytes, formatRate, formatSeconds } from '../model/format.js';
import { type Content, html, type Markup } from '../model/html-markup.js';
import { type Column, code, stacked, table } from './html-elements.js';
import { dataBytesOf, detailsId, failureId, stateBadge } from './html-words.js';
import type { MachineReport, RunReport, StepReport } from './run-report.js';

const COLUMNS: readonly Column[] = [
  { title: 'Machine' },
  { title: 'State' },
  { title: 'Guest' },
  { title: 'Output' },
  { title: 'Data', numeric: true },
  { title: 'Convert', numeric: true },
  { title: 'Verify', numeric: true },
];

const RESUMED = 'resumed';
const RESUMED_NOTE = html`<p class="note"><b>Resumed</b>: an earlier run had converted data already; the seconds and
the rate are those of the last run alone.</p>`;
const KEPT_NOTE = html`<p class="note"><b>Kept</b>: converted and safe on the target; the next run does not do it
again.</p>`;

/** A row per machine; null without any. */
export function machines(report: RunReport): Markup | null {
  if (report.machines.length === 0) return null;
  const rows = report.machines.map(row);
  const resumed = report.machines.some((machine) => machine.steps.some((step) => isResumed(step, machine)));
  const kept = report.machines.some(({ safeBytes }) => safeBytes > 0);
  return html`<section aria-labelledby="machines">
<h2 id="machines">Machines</h2>
${table('Every machine of the batch with its result', COLUMNS, rows)}
${resumed ? RESUMED_NOTE : null}
${kept ? KEPT_NOTE : null}
</section>`;
}

function row(machine: MachineReport, index: number): Content[] {
  const data = dataBytesOf(machine);
  return [
    stacked(
      nameLink(machine, index),
      machine.planned === null ? 'descriptor not readable' : descriptor(machine),
    ),
    machine.state === 'failed'
      ? html`<a class="plain" href="#${failureId(index)}">${stateBadge(machine)}</a>`
      : stateBadge(machine),
    guest(machine),
    output(machine),
    data === null ? null : formatBytes(data),
    step(machine, 'convert'),
    step(machine, 'verify'),
  ];
}

function nameLink({ name, planned }: MachineReport, index: number): Markup {
  return html`<a href="#${planned === null ? failureId(index) : detailsId(index)}">${name}</a>`;
}

function descriptor({ planned }: MachineReport): string {
  return planned?.machine.source.descriptor ?? '';
}

function guest({ planned }: MachineReport): Content {
  if (planned === null) return null;
  return stacked(planned.profile.title, planned.machine.guestOs);
}

function output({ state, output: file, landed, outputBytes }: MachineReport): Content {
  if (file === null || state !== 'done') return null;
  return stacked(code(landed ?? file), outputBytes === null ? null : formatBytes(outputBytes));
}

function step(machine: MachineReport, name: StepReport['name']): Content {
  const found = machine.steps.find((candidate) => candidate.name === name);
  if (found === undefined) return null;
  if (found.seconds === null) return unfinished(machine);
  return stacked(formatSeconds(found.seconds), stepRate(found, found.seconds, machine));
}

function unfinished({ state, safeBytes }: MachineReport): Markup {
  const underWay = ['fixing', 'converting', 'verifying', 'finishing'].includes(state);
  return stacked(
    underWay ? 'under way' : 'stopped',
    safeBytes === 0 ? null : `${formatBytes(safeBytes)} kept`,
  );
}

function stepRate(found: StepReport, seconds: number, machine: MachineReport): string {
  const rate = found.bytes === 0 ? [] : [formatRate(found.bytes, seconds)];
  return [...rate, ...(isResumed(found, machine) ? [RESUMED] : [])].join(', ') || 'no data';
}

/** Only converting goes on where it stopped; verifying always reads everything. */
function isResumed({ name, seconds, bytes }: StepReport, machine: MachineReport): boolean {
  return name === 'convert' && seconds !== null && bytes < (dataBytesOf(machine) ?? 0);
}
