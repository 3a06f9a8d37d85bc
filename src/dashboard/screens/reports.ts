import { html, type TemplateResult } from 'lit';
import { harmless } from '../../model/harmless.js';
import type { ReportKind } from '../client/api.js';
import type { BatchSummary } from '../documents.js';
import { badge, name, time } from '../parts/elements.js';
import { Screen } from '../parts/screen.js';
import { size, span, whole } from '../words/amounts.js';
import { verdict } from '../words/night-words.js';

const KINDS: readonly { readonly kind: ReportKind; readonly title: string }[] = [
  { kind: 'html', title: 'Page' },
  { kind: 'csv', title: 'CSV' },
  { kind: 'json', title: 'JSON' },
];

/** What came of the batches, to be kept or handed on. */
class ReportsScreen extends Screen<readonly BatchSummary[]> {
  protected override async load(): Promise<readonly BatchSummary[]> {
    const [ended, running] = await Promise.all([
      this.app.api.batches({ stage: 'ended', limit: 100 }),
      this.app.api.batches({ stage: 'running', limit: 20 }),
    ]);
    return [...running.items, ...ended.items];
  }

  protected override page(batches: readonly BatchSummary[]): TemplateResult {
    const now = Date.now();
    return html`<h1>Reports</h1>
      <p class="soft lead">A report is one file that opens in any browser, without this service. That of a running batch says how things stand now.</p>
      ${
        batches.length === 0
          ? html`<p class="soft">No batch has run yet.</p>`
          : html`<ul class="cards">
        ${batches.map((batch) => this.#card(batch, now))}</ul>`
      }`;
  }

  #card(batch: BatchSummary, now: number): TemplateResult {
    const { id, startedAt, finishedAt, machines, movedBytes } = batch;
    const took = startedAt === null ? '' : `, ${span((finishedAt ?? now) - startedAt)}`;
    return html`<li class="panel card"><div><h2><a href="#/batches/${id}">${name(batch.name)}</a></h2>
        <p>${badge(batch.stage === 'running' ? { text: 'Running', tone: 'active' } : verdict(batch, now))}</p>
        <p class="soft">${time(finishedAt ?? startedAt, now)} · ${whole(machines)} machines, ${size(movedBytes)}${took}</p></div>
      <div class="buttons">${KINDS.map(({ kind, title }) => html`<button @click=${() => void this.#download(batch, kind)}>${title}<span class="hidden">: download the report of ${harmless(batch.name)}</span></button>`)}</div></li>`;
  }

  async #download({ id, name: batch }: BatchSummary, kind: ReportKind): Promise<void> {
    await this.attempt(async () => {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(await this.app.api.report(id, kind));
      link.download = `${fileName(batch)}-report.${kind}`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
      this.app.announce(`Downloaded: ${link.download}.`);
    });
  }
}

/** What every file system takes. */
function fileName(text: string): string {
  return (
    text
      .replace(/[^\p{L}\p{N}]+/gu, '-')
      .replace(/^-|-$/g, '')
      .slice(0, 80) || 'batch'
  );
}

customElements.define('xenferry-reports', ReportsScreen);
