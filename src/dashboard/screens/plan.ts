import { html, nothing, type TemplateResult } from 'lit';
import { harmless } from '../../model/harmless.js';
import { may } from '../context.js';
import type { BatchSummary, PlanDocument } from '../documents.js';
import { badge, concernList, figure, name } from '../parts/elements.js';
import { Screen } from '../parts/screen.js';
import { type MigrationFacts, migrationFacts } from '../plan/migration-facts.js';
import { count, size, span, whole } from '../words/amounts.js';
import { stageWord } from '../words/states.js';
import { type MachinesView, machinesSection } from './plan-machines.js';
import { mappingsSection, wavesSection } from './plan-mappings.js';

/** Typing is over when nothing has come for so long. */
const TYPED_MS = 300;

interface PlanData {
  readonly batch: BatchSummary;
  readonly plan: PlanDocument;
}

/** What a batch will do, and for a draft the way to change it: a form and the migration file's text beside it. */
class PlanScreen extends Screen<PlanData> {
  static override properties = { ...Screen.properties, batchId: { attribute: false } };
  declare batchId: number;
  /** With what was changed and not planned yet. */
  #text = '';
  #facts: MigrationFacts = migrationFacts('');
  /** Of the text as it was planned. */
  #planned: MigrationFacts = this.#facts;
  #planning = false;
  #typing: ReturnType<typeof setTimeout> | undefined;
  #view: MachinesView = { search: '', shown: 50, opened: null };

  /** A plan changes only when somebody changes it. */
  protected override readonly everyMs = null;

  protected override concerns(batchId: number | null, jobId: number | null): boolean {
    return jobId === null && (batchId === null || batchId === this.batchId);
  }

  protected override async load(): Promise<PlanData> {
    const { api } = this.app;
    const [batch, plan] = await Promise.all([api.batch(this.batchId), api.plan(this.batchId)]);
    if (this.data === null || !this.#changed(this.data.plan)) this.#take(plan);
    return { batch, plan };
  }

  #take(plan: PlanDocument): void {
    this.#text = plan.migration;
    this.#facts = migrationFacts(plan.migration);
    this.#planned = this.#facts;
  }

  #changed({ migration }: PlanDocument): boolean {
    return this.#text !== migration;
  }

  protected override page({ batch, plan }: PlanData): TemplateResult {
    const editable = batch.stage === 'draft' && may(this.app, 'operator');
    const changed = this.#changed(plan);
    return html`<p class="crumbs"><a href="#/batches">Batches</a> / <a href="#/batches/${batch.id}">${name(batch.name)}</a></p>
      <div class="page-head">
        <div><h1>Plan of ${name(batch.name)}</h1><p class="soft">${badge(stageWord(batch.stage))} into ${name(batch.destination)}</p></div>
        ${editable ? this.#buttons(batch, plan, changed) : nothing}
      </div>
      <p class="plan-state ${changed ? 'open' : 'soft'}" role="status">${this.#stateWords(plan, changed, editable)}</p>
      ${this.#figures(plan, changed)}
      <div class="plan-columns">
        <div class="plan-form">
          ${this.#concerns(plan)}
          ${machinesSection({ plan, facts: this.#facts, planned: this.#planned, view: this.#view, editable, change: (text) => this.#set(text), text: this.#text, look: (part) => this.#look(part) })}
          ${mappingsSection({ plan, facts: this.#facts, editable, change: (text) => this.#set(text), text: this.#text })}
          ${wavesSection({ plan, facts: this.#facts, editable, change: (text) => this.#set(text), text: this.#text })}
        </div>
        ${this.#editor(editable)}
      </div>`;
  }

  #stateWords({ blocked }: PlanDocument, changed: boolean, editable: boolean): string {
    if (this.#facts.faults.length > 0) return 'The text is no sound YAML; mend it before you plan again.';
    if (changed) return 'Changed. Concerns and figures are of the last plan, until you plan again.';
    if (blocked) return 'Something stands against this plan: see the critical concerns.';
    return editable ? 'Planned, and ready to start.' : 'As it was planned.';
  }

  #buttons(batch: BatchSummary, plan: PlanDocument, changed: boolean): TemplateResult {
    const faulty = this.#facts.faults.length > 0;
    return html`<div class="buttons">
      ${changed ? html`<button @click=${() => this.#set(plan.migration)}>Undo changes</button>` : nothing}
      <button class=${changed ? 'primary' : ''} ?disabled=${!changed || faulty || this.#planning} @click=${() => void this.#replan()}>${this.#planning ? 'Planning…' : 'Plan again'}</button>
      <button class=${changed ? '' : 'primary'} ?disabled=${changed || plan.blocked || this.#planning} @click=${() => void this.#start(batch, plan)}>Start</button>
    </div>`;
  }

  #figures(plan: PlanDocument, changed: boolean): TemplateResult {
    const { estimate, waves } = plan;
    return html`<dl class="figures ${changed ? 'old' : ''}">
      ${figure('Machines', whole(takenIn(plan)), count(waves.length, 'wave'))}
      ${figure('Data', size(estimate.bytes))}
      ${figure('Work', span(estimate.seconds * 1000))}
      ${figure('Held back by', bottleneckWord(estimate.bottleneck))}
      ${estimate.storage.map(({ storage, bytes, freeBytes }) =>
        figure(
          storage ?? 'Target folder',
          freeBytes !== null && bytes > freeBytes
            ? html`<span class="failed">${size(bytes)}</span>`
            : size(bytes),
          freeBytes === null ? nothing : `of ${size(freeBytes)} free`,
        ),
      )}
    </dl>`;
  }

  #concerns({ concerns, unreadable, machines }: PlanDocument): TemplateResult {
    const troubled = machines.filter(({ concerns: own }) =>
      own.some(({ severity, waived }) => severity === 'critical' && waived === null),
    );
    return html`<section><h2>Concerns</h2>
      ${concerns.length + unreadable.length === 0 ? html`<p class="soft">None about the plan as a whole.</p>` : concernList(concerns)}
      ${unreadable.length === 0 ? nothing : html`<ul class="hands">${unreadable.map(({ file, line, message, code, hint }) => html`<li class="failed"><p><code>${harmless(file)}${line === null ? '' : `:${line}`}</code> ${harmless(message)} <code>${code}</code></p><p class="soft">${harmless(hint)}</p></li>`)}</ul>`}
      ${troubled.length === 0 ? nothing : html`<p class="failed">${count(troubled.length, 'machine')} ${troubled.length === 1 ? 'has' : 'have'} critical concerns and will not be moved before they are settled; they come first in the list.</p>`}
    </section>`;
  }

  #editor(editable: boolean): TemplateResult {
    const { faults } = this.#facts;
    return html`<section class="plan-text"><h2><label for="migration">Migration file</label></h2>
      <textarea id="migration" class="code" spellcheck="false" wrap="off" ?readonly=${!editable} aria-invalid=${faults.length > 0} aria-describedby="faults" .value=${this.#text} @input=${this.#typed}></textarea>
      <div id="faults" role="status">${faults.slice(0, 5).map(({ line, message }) => html`<p class="failed">Line ${line}: ${harmless(message)}</p>`)}
        ${faults.length === 0 ? html`<p class="soft">The form edits this text and keeps its comments.</p>` : nothing}</div>
    </section>`;
  }

  #typed(event: Event): void {
    if (!(event.target instanceof HTMLTextAreaElement)) return;
    this.#text = event.target.value;
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => this.#set(this.#text), TYPED_MS);
  }

  #set(text: string): void {
    this.#text = text;
    this.#facts = migrationFacts(text);
    this.requestUpdate();
  }

  #look(part: Partial<MachinesView>): void {
    this.#view = { ...this.#view, ...part };
    this.requestUpdate();
  }

  async #replan(): Promise<void> {
    this.#planning = true;
    this.requestUpdate();
    await this.attempt(async () => {
      const plan = await this.app.api.saveMigration(this.batchId, this.#text);
      if (this.data !== null) this.data = { ...this.data, plan };
      this.#take(plan);
      this.app.announce(
        `Planned again: ${count(takenIn(plan), 'machine')}, ${span(plan.estimate.seconds * 1000)} of work.`,
      );
    });
    this.#planning = false;
    this.requestUpdate();
    await this.refresh();
  }

  async #start({ id, name: batch }: BatchSummary, plan: PlanDocument): Promise<void> {
    const { estimate, waves } = plan;
    const windows = waves.some(({ window }) => window !== null);
    const answer = await this.app.ask({
      title: `Start batch “${batch}”?`,
      choices: [
        {
          value: 'start',
          label: 'Start',
          action: 'Start batch',
          grave: false,
          consequences: [
            `${count(takenIn(plan), 'machine')} with ${size(estimate.bytes)} are moved, about ${span(estimate.seconds * 1000)} of work.`,
            windows ? 'Each wave begins when its window opens.' : 'It begins at once.',
            'The sources are only read. The plan cannot be changed once it runs.',
          ],
        },
      ],
    });
    if (answer === null) return;
    if (!(await this.attempt(() => this.app.api.startBatch(id)))) return;
    this.app.announce(`Started: ${batch}.`);
    location.hash = `#/batches/${id}`;
  }
}

const BOTTLENECKS: Readonly<Record<string, string>> = {
  source: 'Source reads',
  network: 'The network',
  threads: 'Conversion',
  target: 'Target writes',
  machines: 'Machines at once',
  window: 'Windows',
};

function takenIn({ machines }: PlanDocument): number {
  return machines.filter(({ skipped }) => !skipped).length;
}

function bottleneckWord(bottleneck: string): string {
  return BOTTLENECKS[bottleneck] ?? bottleneck;
}

customElements.define('xenferry-plan', PlanScreen);
