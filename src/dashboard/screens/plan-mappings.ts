import { html, nothing, type TemplateResult } from 'lit';
import { harmless } from '../../model/harmless.js';
import { name } from '../parts/elements.js';
import { submitted, textOf } from '../parts/forms.js';
import {
  type MappingKind,
  withMapping,
  withoutWave,
  withWave,
  withWaveMoved,
  withWaveWindow,
} from '../plan/migration-edits.js';
import type { MappingFact } from '../plan/migration-facts.js';
import { count, size, span } from '../words/amounts.js';
import type { PlanPart } from './plan-machines.js';

/** From what the source calls networks and datastores to what the target does. */
export function mappingsSection(part: PlanPart): TemplateResult {
  const { facts, plan } = part;
  const networks = plan.machines.flatMap(({ nics }) => nics.map(({ network }) => network));
  return html`${mappings(part, 'networks', 'Networks', 'Port group', facts.networks, facts.targetNetworks, networks)}
    ${mappings(part, 'storage', 'Storage', 'Datastore', facts.storage, facts.targetStorage, [])}`;
}

function mappings(
  { text, change, editable, facts }: PlanPart,
  kind: MappingKind,
  title: string,
  source: string,
  entries: readonly MappingFact[],
  targets: readonly string[],
  seen: readonly string[],
): TemplateResult {
  const sound = editable && facts.faults.length === 0;
  const offered = [...new Set(seen)].filter((each) => !targets.includes(each)).slice(0, 200);
  const add = (event: SubmitEvent): void => {
    const filled = submitted(event);
    if (filled === null) return;
    change(withMapping(text, kind, textOf(filled.fields, 'from'), textOf(filled.fields, 'to')));
    filled.form.reset();
  };
  return html`<section aria-labelledby="map-${kind}"><h2 id="map-${kind}">${title}</h2>
    <p class="soft">The first that fits counts; <code>*</code> stands for anything.</p>
    ${
      entries.length === 0
        ? nothing
        : html`<div class="panel scroll"><table><caption class="hidden">${title}: from the source to the target</caption>
      <thead><tr><th scope="col">${source}</th><th scope="col">Becomes</th>${sound ? html`<th scope="col" class="act"><span class="hidden">Actions</span></th>` : nothing}</tr></thead>
      <tbody>${entries.map(
        ({ from, to }) => html`<tr><th scope="row">${name(from)}</th>
        <td>${sound ? html`<input aria-label="What ${harmless(from)} becomes" list="to-${kind}" .value=${to} @change=${(event: Event) => event.target instanceof HTMLInputElement && event.target.value.trim() !== '' && change(withMapping(text, kind, from, event.target.value.trim()))}>` : name(to)}</td>
        ${sound ? html`<td class="act"><button class="quiet" @click=${() => change(withMapping(text, kind, from, null))}>Remove<span class="hidden"> ${harmless(from)}</span></button></td>` : nothing}</tr>`,
      )}</tbody></table></div>`
    }
    ${
      sound
        ? html`<form class="row-form" @submit=${add} aria-label="Map one more: ${title}">
      <label>${source} <input name="from" required list="from-${kind}" autocomplete="off"></label>
      <label>Becomes <input name="to" required list="to-${kind}" autocomplete="off"></label>
      <button>Map</button></form>
      <datalist id="from-${kind}">${offered.map((each) => html`<option value=${each}></option>`)}</datalist>
      <datalist id="to-${kind}">${targets.map((each) => html`<option value=${each}></option>`)}</datalist>`
        : nothing
    }
  </section>`;
}

/** Waves one after the other, with their windows and the estimate of each. */
export function wavesSection({ plan, facts, text, change, editable }: PlanPart): TemplateResult {
  const sound = editable && facts.faults.length === 0;
  const waves =
    facts.waves.length > 0
      ? facts.waves
      : plan.waves.map(({ name: wave, window }) => ({ name: wave, window }));
  const own = sound && facts.waves.length > 0;
  const add = (event: SubmitEvent): void => {
    const filled = submitted(event);
    const wave = filled === null ? '' : textOf(filled.fields, 'wave');
    if (filled === null || wave === '' || waves.some((each) => each.name === wave)) return;
    change(withWave(text, wave));
    filled.form.reset();
  };
  return html`<section aria-labelledby="waves"><h2 id="waves">Waves</h2>
    <ol class="waves">${waves.map(({ name: wave, window }, index) => {
      const estimate = plan.estimate.waves.find((each) => each.wave === wave);
      return html`<li class="panel"><div><b>${name(wave)}</b>
        <small>${estimate === undefined ? 'not planned yet' : `${count(estimate.machines, 'machine')}, ${size(estimate.bytes)}, ${span(estimate.seconds * 1000)}${estimate.windows > 1 ? ` in ${estimate.windows} windows` : ''}`}</small></div>
        ${
          own
            ? html`<label>Window <select @change=${(event: Event) => event.target instanceof HTMLSelectElement && change(withWaveWindow(text, wave, event.target.value || null))}>
            <option value="" ?selected=${window === null}>At any time</option>
            ${facts.windows.map((each) => html`<option value=${each} ?selected=${each === window}>${harmless(each)}</option>`)}</select></label>
          <div class="buttons"><button class="quiet" aria-label="${harmless(wave)} earlier" ?disabled=${index === 0} @click=${() => change(withWaveMoved(text, wave, -1))}>↑</button>
            <button class="quiet" aria-label="${harmless(wave)} later" ?disabled=${index === waves.length - 1} @click=${() => change(withWaveMoved(text, wave, 1))}>↓</button>
            <button class="quiet" @click=${() => change(withoutWave(text, wave))}>Remove<span class="hidden"> wave ${harmless(wave)}</span></button></div>`
            : html`<span class="soft">${window === null ? 'at any time' : html`window ${name(window)}`}</span>`
        }
      </li>`;
    })}</ol>
    ${sound ? html`<form class="row-form" @submit=${add} aria-label="One more wave"><label>New wave <input name="wave" required autocomplete="off"></label><button>Add</button></form>` : nothing}
  </section>`;
}
