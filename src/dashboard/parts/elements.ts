import { html, nothing, type TemplateResult } from 'lit';
import { harmless } from '../../model/harmless.js';
import type { Problem } from '../client/problem.js';
import type { BatchSummary, Concern } from '../documents.js';
import { percent, whole } from '../words/amounts.js';
import { parts } from '../words/night-words.js';
import { type Spoken, severityWord } from '../words/states.js';
import { moment, momentInFull } from '../words/times.js';
import { styled } from './styled.js';

export type Content = TemplateResult | string | number | typeof nothing | readonly Content[];

/** A name that others chose: it can neither pose as another nor turn its surroundings around. */
export function name(text: string): TemplateResult {
  return html`<bdi class="name">${harmless(text)}</bdi>`;
}

export function badge({ text, tone }: Spoken): TemplateResult {
  return html`<span class="badge ${tone}">${text}</span>`;
}

export function time(at: number | null, now: number): TemplateResult | string {
  if (at === null) return '–';
  return html`<time datetime=${new Date(at).toISOString()} title=${momentInFull(at)}>${moment(at, now)}</time>`;
}

/** Told at once to a screen reader. */
export function problemNote({ document, message }: Problem): TemplateResult {
  const { title, detail, hint, code } = document;
  return html`<div class="note failed" role="alert">
    <p><strong>${detail === null ? title : message}</strong> ${code === null ? nothing : html`<code>${code}</code>`}</p>
    ${hint === null ? nothing : html`<p>${hint}</p>`}
  </div>`;
}

export function figure(title: string, value: Content, note: Content = nothing): TemplateResult {
  return html`<div><dt>${title}</dt><dd>${value}${note === nothing ? nothing : html`<small>${note}</small>`}</dd></div>`;
}

export function fact(title: string, value: Content): TemplateResult {
  return html`<div><dt>${title}</dt><dd>${value}</dd></div>`;
}

/** Machines by what became of them, as a bar with its legend. */
export function partsBar(batch: BatchSummary): TemplateResult {
  const shown = parts(batch);
  const said = shown.map(({ text, machines }) => `${machines} ${text.toLowerCase()}`).join(', ');
  return html`<div class="parts">
    <div class="parts-bar" role="img" aria-label="Of ${batch.machines} machines: ${said}">
      ${shown.map(({ tone, machines }) => html`<span class=${tone} ${styled({ 'flex-grow': String(machines) })}></span>`)}
    </div>
    <ul class="legend" aria-hidden="true">
      ${shown.map(({ text, tone, machines }) => html`<li class=${tone}><b>${whole(machines)}</b> ${text.toLowerCase()}</li>`)}
    </ul>
  </div>`;
}

/** `label`: what moves, for a screen reader. */
export function progressBar(part: number, all: number, label: string): TemplateResult {
  const share = percent(part, all);
  return html`<span class="progress" role="progressbar" aria-label=${label} aria-valuenow=${share}
    aria-valuemin="0" aria-valuemax="100"><span ${styled({ width: `${share}%` })}></span></span>`;
}

export function concernList(concerns: readonly Concern[]): TemplateResult {
  return html`<ul class="concerns">
    ${concerns.map(
      (concern) => html`<li>
        ${badge(concern.waived === null ? severityWord(concern.severity) : { text: 'Waived', tone: 'quiet' })}
        <div>
          <p>${concern.about === null ? nothing : html`<b>${name(concern.about)}:</b> `}${harmless(concern.message)} <code>${concern.id}</code></p>
          <p class="soft">${concern.waived === null ? (concern.fix ?? concern.remedy) : harmless(concern.waived)}</p>
        </div>
      </li>`,
    )}
  </ul>`;
}
