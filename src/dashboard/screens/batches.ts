import { html, nothing, type TemplateResult } from 'lit';
import { harmless } from '../../model/harmless.js';
import { may } from '../context.js';
import type { BatchSummary } from '../documents.js';
import { badge, name, time } from '../parts/elements.js';
import { submitted, textOf } from '../parts/forms.js';
import { Screen } from '../parts/screen.js';
import { size, whole } from '../words/amounts.js';
import { outcome } from '../words/night-words.js';
import { stageWord } from '../words/states.js';

const FIRST_MIGRATION = `version: 1
sources:
  - path: /srv/exports
target:
  folder: /srv/converted
`;

/** All batches, and the way to a new one. */
class BatchesScreen extends Screen<readonly BatchSummary[]> {
  #next: string | null = null;
  #pages = 1;
  /** So that an answer that got lost does not make a second batch. */
  #key = crypto.randomUUID();

  protected override async load(): Promise<readonly BatchSummary[]> {
    const batches: BatchSummary[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < this.#pages; page += 1) {
      const { items, next } = await this.app.api.batches({ cursor, limit: 50 });
      batches.push(...items);
      cursor = next;
      if (cursor === null) break;
    }
    this.#next = cursor;
    return batches;
  }

  protected override page(batches: readonly BatchSummary[]): TemplateResult {
    const now = Date.now();
    return html`<h1>Batches</h1>
      ${may(this.app, 'operator') ? this.#form() : nothing}
      ${
        batches.length === 0
          ? html`<p class="soft">There is none yet.</p>`
          : html`<div class="panel scroll"><table>
        <caption class="hidden">All batches, the newest first</caption>
        <thead><tr><th scope="col">Batch</th><th scope="col">State</th><th scope="col" class="numeric">Machines</th><th scope="col" class="numeric mid">Data</th>
          <th scope="col" class="wide">Into</th><th scope="col" class="mid">Began</th>${may(this.app, 'admin') ? html`<th scope="col" class="act"><span class="hidden">Actions</span></th>` : nothing}</tr></thead>
        <tbody>${batches.map((batch) => this.#row(batch, now))}</tbody></table></div>`
      }
      ${this.#next === null ? nothing : html`<button @click=${this.#more}>Older ones</button>`}`;
  }

  #row(batch: BatchSummary, now: number): TemplateResult {
    const { id, stage } = batch;
    const removable = stage === 'draft' || stage === 'ended';
    return html`<tr><th scope="row"><a href="#/batches/${id}${stage === 'draft' ? '/plan' : ''}">${name(batch.name)}</a></th>
      <td class="state">${badge(stage === 'ended' ? outcome(batch) : stageWord(stage))}</td>
      <td class="numeric">${whole(batch.machines)}</td><td class="numeric mid">${size(batch.dataBytes)}</td>
      <td class="wide">${name(batch.destination)}</td><td class="mid">${time(batch.startedAt, now)}</td>
      ${may(this.app, 'admin') ? html`<td class="act">${removable ? html`<button class="quiet" @click=${() => void this.#remove(batch)}>Delete<span class="hidden"> ${harmless(batch.name)}</span></button>` : nothing}</td>` : nothing}</tr>`;
  }

  #form(): TemplateResult {
    return html`<details class="panel new"><summary>New batch</summary>
      <form class="stack" @submit=${(event: SubmitEvent) => void this.#create(event)}>
        <label>Name <input name="name" required maxlength="200" autocomplete="off"></label>
        <label>Migration file (YAML) <textarea name="migration" class="code" rows="10" spellcheck="false" required .defaultValue=${FIRST_MIGRATION}></textarea></label>
        <p class="soft">It becomes a draft: nothing happens before you have looked at its plan and started it. Paths are those of the service's machine.</p>
        <div class="buttons"><button class="primary">Plan it</button></div>
      </form></details>`;
  }

  async #create(event: SubmitEvent): Promise<void> {
    const filled = submitted(event);
    if (filled === null) return;
    const migration = filled.fields.get('migration');
    await this.attempt(async () => {
      const title = textOf(filled.fields, 'name');
      const batch = await this.app.api.createBatch(
        title,
        typeof migration === 'string' ? migration : '',
        this.#key,
      );
      this.#key = crypto.randomUUID();
      location.hash = `#/batches/${batch.id}/plan`;
    });
  }

  async #remove({ id, name: batch, stage }: BatchSummary): Promise<void> {
    const answer = await this.app.ask({
      title: `Delete batch “${batch}”?`,
      choices: [
        {
          value: 'delete',
          label: 'Delete',
          action: 'Delete batch',
          grave: true,
          consequences: [
            stage === 'draft'
              ? 'Its plan and migration file are forgotten.'
              : 'Its history, log and report are forgotten.',
            'Machines that were converted stay where they are.',
          ],
        },
      ],
    });
    if (answer === null) return;
    if (await this.attempt(() => this.app.api.deleteBatch(id))) this.app.announce(`Deleted: ${batch}.`);
    await this.refresh();
  }

  #more(): void {
    this.#pages += 1;
    void this.refresh();
  }
}

customElements.define('xenferry-batches', BatchesScreen);
