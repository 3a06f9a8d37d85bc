import { formatBytes, formatSeconds } from '../model/format.js';
import { html, type Markup } from '../model/html-markup.js';
import type { Concern, PlannedMachine } from '../model/plan.js';
import { manifestAlgorithm, type VirtualMachine } from '../model/virtual-machine.js';
import { concernList } from './html-concerns.js';
import { code, count, facts, stacked, table } from './html-elements.js';
import { guestChanges } from './html-guest.js';
import { sourceChanges } from './html-source-changes.js';
import { warmMove } from './html-warm.js';
import { detailsId, moment, stateBadge } from './html-words.js';
import type { DiskReport, FailedTry, MachineReport, RunReport, StepReport } from './run-report.js';

/** A part per machine to unfold; null when no descriptor could be read. */
export function details(report: RunReport): Markup | null {
  const parts = report.machines.flatMap((machine, index) =>
    machine.planned === null ? [] : [machineDetails(machine, machine.planned, index)],
  );
  if (parts.length === 0) return null;
  return html`<section aria-labelledby="details">
<h2 id="details">Machine details</h2>
<p class="note">A content digest depends on what a disk holds, not on its format. A machine counts as done once what
was written was read back and gave the same content.</p>
${parts}
</section>`;
}

function machineDetails(report: MachineReport, planned: PlannedMachine, index: number): Markup {
  const { machine, concerns } = planned;
  // The anchor is inside, where following a link to it unfolds the part.
  return html`<details>
<summary><h3>${machine.name}</h3> ${stateBadge(report)} <span class="gist">${gist(machine, concerns)}</span></summary>
<div class="body" id="${detailsId(index)}">
${machine.description === '' ? null : html`<p class="message">${machine.description}</p>`}
${hardware(planned)}
${concernList(concerns)}
${limitList(planned)}
${guestChanges(report.guest)}
${afterImport(report.steps)}
${failedTries(report.tries)}
${warmMove(report)}
${sourceChanges(report.sourceChanges)}
${losses(report.notes)}
${disks(report.disks, machine)}
${nics(machine)}
</div>
</details>
`;
}

function gist(
  { cpus, memoryBytes, disks: { length } }: VirtualMachine,
  concerns: readonly Concern[],
): string {
  const parts = [count(cpus, 'CPU'), formatBytes(memoryBytes), count(length, 'disk')];
  return [...parts, ...(concerns.length === 0 ? [] : [count(concerns.length, 'concern')])].join(' · ');
}

function hardware({ machine, profile }: PlannedMachine): Markup {
  return facts([
    ['CPUs', `${machine.cpus}, ${count(machine.coresPerSocket, 'core')} per socket`],
    ['Memory', formatBytes(machine.memoryBytes)],
    ['Firmware', firmware(machine)],
    ['Start order', startOrder(machine)],
    ['Guest', stacked(profile.title, `${machine.guestOs}, profile ${profile.id}`)],
    ['Source', stacked(code(machine.source.descriptor), machine.source.kind.toUpperCase())],
    ['BIOS UUID', machine.uuid === null ? null : code(machine.uuid)],
  ]);
}

function firmware({ firmware: kind, secureBoot }: VirtualMachine): string {
  if (kind === 'bios') return 'BIOS';
  return `UEFI, Secure Boot ${secureBoot ? 'on' : 'off'}`;
}

function startOrder({ startOrder: position, startDelaySeconds: delay }: VirtualMachine): string | null {
  if (position === null) return null;
  return delay === 0 ? String(position) : `${position}, then wait ${delay} s`;
}

/** What holds for every guest of the family, however well it went. */
function limitList({ profile: { title, limits } }: PlannedMachine): Markup | null {
  if (limits.length === 0) return null;
  return html`<h4>Good to know about ${title} guests</h4>
<ul>
${limits.map((limit) => html`<li>${limit}</li>\n`)}</ul>`;
}

const AFTER_IMPORT: Partial<Record<StepReport['name'], string>> = {
  move: 'Moved to its final place',
  snapshot: 'Snapshot taken',
  start: 'Started',
};

/** What was done with it once it was there. */
function afterImport(steps: readonly StepReport[]): Markup | null {
  const rows = steps.flatMap(({ name, state, seconds }) => {
    const what = AFTER_IMPORT[name];
    if (what === undefined) return [];
    return [[what, state === 'done' ? 'yes' : 'no', seconds === null ? null : formatSeconds(seconds)]];
  });
  if (rows.length === 0) return null;
  const columns = [{ title: 'After the import' }, { title: 'Done' }, { title: 'Time', numeric: true }];
  return html`<h4>After the import</h4>
<div class="narrow">${table('What was done after the import', columns, rows)}</div>`;
}

function failedTries(tries: readonly FailedTry[]): Markup | null {
  if (tries.length === 0) return null;
  return html`<h4>Failed and was tried again</h4>
<ul>
${tries.map(
  ({ at, code: reason, message }) => html`<li>${moment(at)}: ${message} ${code(reason)}</li>
`,
)}</ul>`;
}

/** What the target has no counterpart of, and what went wrong after the import. */
function losses(notes: readonly string[]): Markup | null {
  if (notes.length === 0) return null;
  return html`<h4>To know</h4>
<ul>
${notes.map((note) => html`<li>${note}</li>\n`)}</ul>`;
}

function disks(reports: readonly DiskReport[], machine: VirtualMachine): Markup | null {
  if (reports.length === 0) return null;
  const rows = reports.map((disk, index) => [
    stacked(code(disk.file), attachment(machine, index)),
    formatBytes(disk.capacityBytes),
    disk.dataBytes === null ? null : formatBytes(disk.dataBytes),
    manifestCheck(disk, machine, index),
    disk.digest === null ? null : html`<code class="digest">${disk.digest}</code>`,
  ]);
  const columns = [
    { title: 'File' },
    { title: 'Capacity', numeric: true },
    { title: 'Data', numeric: true },
    { title: 'Manifest' },
    { title: 'Content digest' },
  ];
  return html`<h4>Disks</h4>
${table(`Disks of ${machine.name}, the boot disk first`, columns, rows)}`;
}

function attachment({ disks: all }: VirtualMachine, index: number): string {
  const disk = all[index];
  return disk === undefined ? '' : `${disk.format} on ${disk.controller} ${disk.bus}:${disk.unit}`;
}

function manifestCheck({ manifest }: DiskReport, machine: VirtualMachine, index: number): string {
  if (manifest !== null) return `${algorithmName(manifest)} matches`;
  const promised = manifestAlgorithm(machine.disks[index]);
  return promised === null ? 'none' : `${algorithmName(promised)} not checked`;
}

/** `sha256` as people write it: SHA-256. */
function algorithmName(algorithm: string): string {
  return algorithm.toUpperCase().replace(/^SHA(?=\d)/, 'SHA-');
}

const NIC_COLUMNS = [{ title: 'Network' }, { title: 'MAC address' }, { title: 'Adapter' }];

function nics({ name, nics: all }: VirtualMachine): Markup | null {
  if (all.length === 0) return null;
  const rows = all.map(({ network, mac, adapter }) => [
    network,
    mac === null ? 'none given, one is derived' : code(mac),
    adapter,
  ]);
  return html`<h4>Network cards</h4>
<div class="narrow">${table(`Network cards of ${name}`, NIC_COLUMNS, rows)}</div>`;
}
