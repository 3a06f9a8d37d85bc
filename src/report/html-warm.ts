import { formatBytes, formatSeconds } from '../model/format.js';
import { html, type Markup } from '../model/html-markup.js';
import { facts, table } from './html-elements.js';
import { moment } from './html-words.js';
import type { MachineReport } from './run-report.js';
import type { PassReport } from './warm-report.js';

const PASSES: Readonly<Record<PassReport['kind'], string>> = {
  first: 'All of its disks',
  changes: 'What had changed since',
  last: 'The last changes, after its shutdown',
};
const COLUMNS = [
  { title: 'Moved' },
  { title: 'When' },
  { title: 'Written', numeric: true },
  { title: 'Time', numeric: true },
];

/** How a machine was moved while it ran; null for another. */
export function warmMove({ warm, waitsFor }: Pick<MachineReport, 'warm' | 'waitsFor'>): Markup | null {
  if (warm === null) return null;
  const { passes, downtimeMs, startedMs } = warm;
  const rows = passes.map(({ kind, begunAt, seconds, bytes }) => [
    PASSES[kind],
    moment(begunAt),
    formatBytes(bytes),
    seconds === null ? 'broken off' : formatSeconds(seconds),
  ]);
  return html`<h4>Moved while it ran</h4>
${facts([
  ['Its turn', waitsFor],
  ['Downtime', downtimeMs === null ? null : `${formatSeconds(downtimeMs / 1000)} until it could be started`],
  ['Started', startedMs === null ? null : `${formatSeconds(startedMs / 1000)} after its shutdown`],
])}
<div class="narrow">${table('Each time that its disks were read', COLUMNS, rows)}</div>`;
}
