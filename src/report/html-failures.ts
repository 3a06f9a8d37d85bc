import { type Content, html, type Markup } from '../model/html-markup.js';
import { code, facts } from './html-elements.js';
import { detailsId, failureId } from './html-words.js';
import type { MachineReport, RunReport } from './run-report.js';

/** A part per failed machine: what happened, where, and what to do about it; null when none failed. */
export function failures(report: RunReport): Markup | null {
  const failed = report.machines.flatMap((machine, index) =>
    machine.state === 'failed' ? [failure(machine, index)] : [],
  );
  if (failed.length === 0) return null;
  return html`<section aria-labelledby="failures">
<h2 id="failures">What failed</h2>
${failed}
</section>`;
}

function failure(machine: MachineReport, index: number): Markup {
  const { name, error, planned } = machine;
  return html`<article class="failure" id="${failureId(index)}">
<h3>${name}</h3>
<p class="message">${error?.message ?? 'No error was recorded.'}</p>
${facts([
  ['What to do', error === null ? null : html`<strong>${error.hint}</strong>`],
  ['Where', where(machine)],
  ['Code', error === null ? null : code(error.code)],
  [
    'Details',
    planned === null ? null : html`<a href="#${detailsId(index)}">Hardware, disks and concerns</a>`,
  ],
])}
</article>
`;
}

function where({ error, planned }: MachineReport): Content {
  const { file, line, offset } = error?.place ?? {};
  const named = file ?? planned?.machine.source.descriptor;
  if (named === undefined) return null;
  const spot = [
    ...(line === undefined ? [] : [`line ${line}`]),
    ...(offset === undefined ? [] : [`byte ${offset}`]),
  ];
  return html`${code(named)}${spot.map((part) => `, ${part}`)}`;
}
