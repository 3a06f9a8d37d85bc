import { html, type Markup } from '../model/html-markup.js';
import { count, table } from './html-elements.js';
import { shellWord } from './html-shell.js';
import { startSequences } from './html-start-order.js';
import { detailsId } from './html-words.js';
import { isStarted, type MachineReport, type RunReport } from './run-report.js';

/** What is left for people, in order, with the commands to paste. */
export function nextSteps(report: RunReport): Markup | null {
  const done = report.machines.filter(({ state }) => state === 'done');
  const steps = [finishBatch(report), ...(done.length === 0 ? [] : afterwards(report, done))];
  const shown = steps.filter((step) => step !== null);
  if (shown.length === 0) return null;
  return html`<section aria-labelledby="next">
<h2 id="next">What to do next</h2>
<ol class="steps">
${shown.map((step) => html`<li>${step}</li>\n`)}</ol>
</section>`;
}

/** What the destination leaves to do. */
function afterwards(report: RunReport, done: readonly MachineReport[]): (Markup | null)[] {
  switch (report.destination.kind) {
    case 'pool':
      return [concerns(report), startInPool(report, done)];
    case 'vhd':
      return [importsOfFolders(), concerns(report), start(report, null)];
    case 'xl':
      return [bridges(report, done), concerns(report), start(report, xlCommands(report, done))];
    case 'xva':
      return [networks(done), repository(), imports(done), concerns(report), start(report, null)];
  }
}

/** Null when the run has started all of them. */
function startInPool(report: RunReport, done: readonly MachineReport[]): Markup | null {
  const lines = done.flatMap((machine) =>
    machine.landed === null || isStarted(machine)
      ? []
      : [`xe vm-start uuid=${machine.landed}  # ${machine.name.replaceAll(/[\r\n]/g, ' ')}`],
  );
  if (lines.length === 0) return null;
  return start(
    report,
    html`<p>On a host of the pool:</p>
${commands(lines)}`,
  );
}

function importsOfFolders(): Markup {
  return html`<h3>Import the machines</h3>
<p>In XenCenter or XCP-ng Center: <b>File</b>, <b>Import</b>, then the <code>.ovf</code> in each machine’s folder. It asks
for the pool, the storage and the networks, and keeps the MAC addresses and the order of the disks. Each VHD can also be
imported alone, with <code>xe vdi-import format=vhd</code>.</p>`;
}

function bridges({ target }: RunReport, done: readonly MachineReport[]): Markup {
  const used = new Set(done.flatMap(({ planned }) => planned?.nics.map(({ network }) => network) ?? []));
  const expected = [...used].map(
    (network, index) => html`${index === 0 ? null : ', '}<code>${network}</code>`,
  );
  return html`<h3>Prepare the host</h3>
<p>The configurations name the disks below <code>${target}</code>: have the folders there, or change <code>target=</code>
in them. ${used.size === 0 ? null : html`Networks the machines were planned for: ${expected}.`}</p>
${commands(['bridge link'])}`;
}

function xlCommands({ target }: RunReport, done: readonly MachineReport[]): Markup {
  const files = done.flatMap(({ output }) =>
    output === null ? [] : [`xl create ${shellWord(`${target}/${output}/${output}.cfg`)}`],
  );
  return html`<p>On the host:</p>
${commands(files)}`;
}

function finishBatch({
  totals: { done, failed, open },
  sources,
  target,
  destination,
}: RunReport): Markup | null {
  if (failed + open === 0) return null;
  const advice = failed === 0 ? null : 'Follow the advice under “What failed” first. ';
  const words = ['xenferry', 'run', ...sources.map(shellWord), '--target', shellWord(target)];
  // Only the migration file says which pool.
  const command = [...words, ...(destination.kind === 'pool' ? ['-m', 'migration.yaml'] : [])].join(' ');
  return html`<h3>Finish the ${done === 0 ? '' : 'other '}${count(failed + open, 'machine')}</h3>
<p>${advice}Run the same command with the same options again: finished machines are left alone, the others go on.</p>
${commands([command])}`;
}

function networks(done: readonly MachineReport[]): Markup | null {
  const users = new Map<string, Set<string>>();
  for (const { name, planned } of done) {
    for (const { network } of planned?.nics ?? []) {
      users.set(network, (users.get(network) ?? new Set()).add(name));
    }
  }
  if (users.size === 0) return null;
  const rows = [...users].map(([network, names]) => [network, [...names].join(', ')]);
  return html`<h3>Check the networks of the pool</h3>
<p>Networks are matched by name. A name that the pool does not know becomes a new internal network without a way out,
so make sure that these exist first:</p>
<div class="narrow">${table('Networks the machines expect', [{ title: 'Network' }, { title: 'Machines' }], rows)}</div>
${commands(['xe network-list params=name-label'])}`;
}

function repository(): Markup {
  return html`<h3>Choose the storage repository</h3>
<p>The pool’s default, or set <code>SR</code> to another UUID that <code>xe sr-list</code> shows.</p>
${commands(['SR=$(xe pool-list params=default-SR --minimal)'])}`;
}

function imports(done: readonly MachineReport[]): Markup {
  const lines = done.flatMap(({ output }) =>
    output === null ? [] : [`xe vm-import filename=${shellWord(output)} preserve=true sr-uuid="$SR"`],
  );
  return html`<h3>Import ${done.length === 1 ? 'the machine' : `the ${done.length} machines`}</h3>
<p>Run this on a host of the pool, in the folder of the XVA files. <code>preserve=true</code> keeps the MAC addresses.</p>
${commands(lines)}`;
}

function concerns({ machines }: RunReport): Markup | null {
  const links = machines.flatMap(({ state, name, planned }, index) => {
    const pressing = planned?.concerns.filter(({ severity }) => severity !== 'information') ?? [];
    const number = state === 'done' ? pressing.length : 0;
    return number === 0
      ? []
      : [html`<li><a href="#${detailsId(index)}">${name}</a>: ${count(number, 'concern')}</li>`];
  });
  if (links.length === 0) return null;
  return html`<h3>Look after the concerns</h3>
<p>These machines are converted, and something about them wants a look before they start:</p>
<ul>${links}</ul>`;
}

function start(report: RunReport, how: Markup | null): Markup {
  return html`<h3>Start them</h3>
<p>Shut the originals down first: they have the same names and addresses.</p>
${how}
${startSequences(report)}`;
}

/** One line each, so that all of them can be copied and pasted at once. */
function commands(lines: readonly string[]): Markup {
  return html`<pre>${lines.map((line) => html`<code>${line}\n</code>`)}</pre>`;
}
