import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { harmless } from '../../model/harmless.js';
import type { PlanDocument, PlanMachine } from '../documents.js';
import { badge, concernList, name } from '../parts/elements.js';
import { fieldText } from '../parts/forms.js';
import { type Override, withOverride, withSkipped } from '../plan/migration-edits.js';
import { type MigrationFacts, machineKeys } from '../plan/migration-facts.js';
import { count, size, whole } from '../words/amounts.js';
import { severityWord } from '../words/states.js';

/** A part of the plan's form: what it shows and how it changes the text. */
export interface PlanPart {
  readonly plan: PlanDocument;
  readonly facts: MigrationFacts;
  readonly text: string;
  readonly editable: boolean;
  change(text: string): void;
}

export interface MachinesView {
  readonly search: string;
  /** Machines that are there; more on demand. */
  readonly shown: number;
  /** Id of the one that is unfolded; null for none. */
  readonly opened: string | null;
}

interface MachinesPart extends PlanPart {
  /** Of the text as it was planned. */
  readonly planned: MigrationFacts;
  readonly view: MachinesView;
  look(part: Partial<MachinesView>): void;
}

const MORE = 100;
const FIXUPS = ['auto', 'attempted', 'off'] as const;

/** Every machine of the plan, to be left out or given something of its own. */
export function machinesSection(part: MachinesPart): TemplateResult {
  const { plan, facts, view, editable, text, change, look } = part;
  const keys = machineKeys(plan.machines, facts);
  const keyOf = ({ id, sourceName }: PlanMachine): string => keys.get(id) ?? sourceName;
  const wanted = view.search.toLowerCase();
  const found = plan.machines
    .filter((machine) =>
      `${machine.sourceName}\n${machine.name}\n${machine.os}`.toLowerCase().includes(wanted),
    )
    .sort((one, other) => gravity(other) - gravity(one));
  const taken = plan.machines.filter((machine) => {
    const key = keyOf(machine);
    return !isDeselected(part, machine, key) && facts.machines.get(key)?.skip !== true;
  });
  const sound = facts.faults.length === 0;
  return html`<section aria-labelledby="plan-machines"><h2 id="plan-machines">Machines</h2>
    <form class="filters" role="search" aria-label="Machines of the plan" @submit=${(event: Event) => event.preventDefault()}>
      <label>Search <input type="search" autocomplete="off" .value=${view.search} @input=${(event: Event) => look({ search: fieldText(event), shown: 50 })}></label>
      ${
        editable && sound
          ? html`<button type="button" @click=${() => change(withSkipped(text, found.map(keyOf), true))}>Leave out ${whole(found.length)}</button>
      <button type="button" @click=${() => change(withSkipped(text, found.map(keyOf), false))}>Take in ${whole(found.length)}</button>`
          : nothing
      }
    </form>
    <p class="soft count" role="status">${count(taken.length, 'machine')} of ${plan.machines.length} taken${view.search === '' ? '' : `, ${found.length} found`}</p>
    <ul class="plan-machines panel">
      ${repeat(
        found.slice(0, view.shown),
        ({ id }) => id,
        (machine) => machineRow(part, machine, keyOf(machine)),
      )}
    </ul>
    ${found.length > view.shown ? html`<button @click=${() => look({ shown: view.shown + MORE })}>Show ${Math.min(MORE, found.length - view.shown)} more</button>` : nothing}
    ${leftOut(part, new Set(keys.values()))}
  </section>`;
}

/** Left out by the file's selection, which is changed in its text. */
function isDeselected({ planned }: MachinesPart, { skipped }: PlanMachine, key: string): boolean {
  return skipped && planned.machines.get(key)?.skip !== true;
}

/** Those with something against them come first. */
function gravity({ concerns }: PlanMachine): number {
  const open = concerns.filter(({ waived }) => waived === null).map(({ severity }) => severity);
  return open.includes('critical') ? 2 : open.includes('warning') ? 1 : 0;
}

function machineRow(part: MachinesPart, machine: PlanMachine, key: string): TemplateResult {
  const { facts, editable, text, change, view, look } = part;
  const { id, sourceName, os, dataBytes, concerns, wave } = machine;
  const deselected = isDeselected(part, machine, key);
  const skipped = deselected || facts.machines.get(key)?.skip === true;
  const opened = view.opened === id;
  const sound = facts.faults.length === 0;
  return html`<li class=${skipped ? 'skipped' : ''}>
    <div class="plan-machine">
      <input type="checkbox" aria-label="Take ${harmless(sourceName)}" .checked=${!skipped} ?disabled=${!editable || !sound || deselected}
        @change=${() => change(withSkipped(text, [key], !skipped))}>
      <div class="who"><b>${name(sourceName)}</b><small>${deselected ? 'left out by the selection' : html`${harmless(os)} · ${size(dataBytes)}${wave === '' ? nothing : html` · ${name(wave)}`}`}</small></div>
      <div class="worries">${worries(machine)}</div>
      <button class="quiet" aria-expanded=${opened} aria-label="Details of ${harmless(sourceName)}" @click=${() => look({ opened: opened ? null : id })}>${opened ? 'Fold' : 'Details'}</button>
    </div>
    ${opened ? html`<div class="plan-detail">${concerns.length === 0 ? nothing : concernList(concerns)}${editable && sound ? overrides(part, machine, key) : plainFacts(machine)}</div>` : nothing}
  </li>`;
}

function worries({ concerns }: PlanMachine): (TemplateResult | typeof nothing)[] {
  return (['critical', 'warning'] as const).map((severity) => {
    const number = concerns.filter(
      (concern) => concern.severity === severity && concern.waived === null,
    ).length;
    const { text, tone } = severityWord(severity);
    return number === 0 ? nothing : badge({ text: `${number} ${text.toLowerCase()}`, tone });
  });
}

function plainFacts({ profile, nics, disks, fixups, name: target }: PlanMachine): TemplateResult {
  return html`<p class="soft">Becomes ${name(target)}, profile ${harmless(profile)}, fixups ${harmless(fixups)};
    networks ${nics.map(({ network }) => harmless(network)).join(', ') || 'none'};
    storage ${[...new Set(disks.map(({ storage }) => storage ?? 'target folder'))].map(harmless).join(', ') || 'none'}.</p>`;
}

function overrides(part: MachinesPart, machine: PlanMachine, key: string): TemplateResult {
  const { facts, plan } = part;
  const own = facts.machines.get(key)?.overrides ?? {};
  const storages = [...new Set(machine.disks.flatMap(({ storage }) => storage ?? []))];
  const networks = [...new Set(machine.nics.map(({ network }) => network))];
  const waves =
    facts.waves.length > 0 ? facts.waves.map((wave) => wave.name) : plan.waves.map((wave) => wave.name);
  const field = (
    override: Override,
    title: string,
    now: string,
    offers: readonly string[] | null,
  ): TemplateResult =>
    offers === null
      ? textField(part, key, override, { title, now, own: own[override] })
      : choiceField(part, key, override, { title, now, own: own[override], offers });
  return html`<div class="override-grid">
    ${field('targetName', 'Name at the target', machine.name, null)}
    ${field('profile', 'Profile', machine.profile, null)}
    ${field('network', 'Network of all cards', networks.join(', '), facts.targetNetworks.length > 0 ? facts.targetNetworks : null)}
    ${field('storage', 'Storage of all disks', storages.join(', '), facts.targetStorage.length > 0 ? facts.targetStorage : null)}
    ${field('wave', 'Wave', machine.wave, waves)}
    ${field('fixups', 'Fixups', machine.fixups, FIXUPS)}
  </div>`;
}

interface Field {
  readonly title: string;
  /** What the last plan has. */
  readonly now: string;
  readonly own: string | undefined;
}

function textField(
  { text, change }: PlanPart,
  key: string,
  override: Override,
  { title, now, own }: Field,
): TemplateResult {
  return html`<label>${title} <input autocomplete="off" placeholder=${harmless(now)} .value=${own ?? ''}
    @change=${(event: Event) => change(withOverride(text, key, override, fieldText(event).trim() || null))}></label>`;
}

function choiceField(
  { text, change }: PlanPart,
  key: string,
  override: Override,
  { title, now, own, offers }: Field & { readonly offers: readonly string[] },
): TemplateResult {
  const all = own === undefined || offers.includes(own) ? offers : [own, ...offers];
  return html`<label>${title} <select @change=${(event: Event) => change(withOverride(text, key, override, fieldText(event) || null))}>
    <option value="" ?selected=${own === undefined}>As planned (${harmless(now)})</option>
    ${all.map((offer) => html`<option value=${offer} ?selected=${offer === own}>${harmless(offer)}</option>`)}
  </select></label>`;
}

/** Entries of machines that the plan does not know. */
function leftOut(
  { facts, text, change, editable }: PlanPart,
  planned: ReadonlySet<string>,
): TemplateResult | typeof nothing {
  const keys = [...facts.machines].filter(([key, { skip }]) => skip && !planned.has(key)).map(([key]) => key);
  if (keys.length === 0) return nothing;
  return html`<details class="panel"><summary>Left out: ${whole(keys.length)}</summary><ul class="left-out">
    ${keys.map((key) => html`<li>${name(key)} ${editable ? html`<button class="quiet" @click=${() => change(withSkipped(text, [key], false))}>Take in<span class="hidden"> ${harmless(key)}</span></button>` : nothing}</li>`)}
  </ul></details>`;
}
