import { html, type TemplateResult } from 'lit';
import type { Worker } from '../documents.js';
import { badge, name, time } from '../parts/elements.js';
import { Screen } from '../parts/screen.js';
import { span } from '../words/amounts.js';
import type { Spoken } from '../words/states.js';

const MISSING_MS = 60_000;

interface WorkersData {
  readonly workers: readonly Worker[];
  /** By the service's clock. */
  readonly now: number;
}

/** The machines that do the work. */
class WorkersScreen extends Screen<WorkersData> {
  protected override async load(): Promise<WorkersData> {
    const [{ items }, { now }] = await Promise.all([this.app.api.workers(), this.app.api.overview()]);
    return { workers: items, now };
  }

  protected override page({ workers, now }: WorkersData): TemplateResult {
    return html`<h1>Workers</h1>
      ${
        workers.length === 0
          ? html`<p class="soft">None has reported yet. The service itself works when it runs without a shared queue; others join with <code>xenferry worker</code>.</p>`
          : html`<div class="panel scroll"><table>
        <caption class="hidden">Workers with their last sign of life</caption>
        <thead><tr><th scope="col">Worker</th><th scope="col">State</th><th scope="col" class="numeric">Machines at a time</th><th scope="col" class="numeric mid">Threads</th><th scope="col">Last sign of life</th><th scope="col" class="mid">Since</th></tr></thead>
        <tbody>${workers.map(
          (
            worker,
          ) => html`<tr><th scope="row">${name(worker.name)}</th><td>${badge(stateOf(worker, now))}</td>
          <td class="numeric">${worker.slots}</td><td class="numeric mid">${worker.threads}</td>
          <td>${span(Math.max(0, now - worker.beatAt))} ago</td><td class="mid">${time(worker.startedAt, now)}</td></tr>`,
        )}</tbody></table></div>`
      }`;
  }
}

function stateOf({ endedAt, beatAt }: Worker, now: number): Spoken {
  if (endedAt !== null) return { text: 'Left', tone: 'quiet' };
  return now - beatAt > MISSING_MS ? { text: 'Missing', tone: 'failed' } : { text: 'At work', tone: 'done' };
}

customElements.define('xenferry-workers', WorkersScreen);
