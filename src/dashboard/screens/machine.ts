import { html, nothing, type TemplateResult } from 'lit';
import { harmless } from '../../model/harmless.js';
import { may } from '../context.js';
import type { EventRecord, JobDetail } from '../documents.js';
import { badge, concernList, fact, name, progressBar, time } from '../parts/elements.js';
import { orderButtons } from '../parts/order-buttons.js';
import { type OrderSubject, order } from '../parts/orders.js';
import { rollBack } from '../parts/roll-back.js';
import { Screen } from '../parts/screen.js';
import { sourceChanges } from '../parts/source-changes.js';
import { count, percent, rate, size, span } from '../words/amounts.js';
import { eventWords } from '../words/event-words.js';
import { verbsForJob } from '../words/order-verbs.js';
import { isRunning, reasonOf, type Spoken, stateWord, stepWord } from '../words/states.js';
import { clockWithSeconds, day, momentInFull } from '../words/times.js';

/** Lines of the log that are kept on the page. */
const MOST_LINES = 2000;

const STEP_STATES: Readonly<Record<string, Spoken>> = {
  running: { text: 'Running', tone: 'active' },
  done: { text: 'Done', tone: 'done' },
  failed: { text: 'Failed', tone: 'failed' },
};

const FILE_CHANGES: Readonly<Record<string, string>> = {
  write: 'written',
  append: 'added to',
  link: 'linked',
  remove: 'removed',
};

/** One machine of a batch: its steps, disks, log, concerns, and what was changed in its guest. */
class MachineScreen extends Screen<JobDetail> {
  static override properties = { ...Screen.properties, jobId: { attribute: false } };
  declare jobId: number;
  #log: EventRecord[] = [];
  #cursor: string | null = null;
  #logComplete = false;

  override connectedCallback(): void {
    super.connectedCallback();
    this.whileShown(
      this.app.live.on('progress', ({ detail }) => {
        const news = detail.jobs.find(({ id }) => id === this.jobId);
        if (news === undefined || this.data === null) return;
        this.data = {
          ...this.data,
          step: news.step,
          movedBytes: news.movedBytes,
          bytesPerSecond: news.bytesPerSecond,
        };
        this.requestUpdate();
      }),
    );
    this.whileShown(
      this.app.live.on('changed', ({ detail }) => {
        if (detail === null || detail.jobId !== this.jobId) return;
        this.#append([detail]);
      }),
    );
    void this.#moreLog();
  }

  protected override concerns(_batchId: number | null, jobId: number | null): boolean {
    return jobId === null || jobId === this.jobId;
  }

  protected override load(): Promise<JobDetail> {
    return this.app.api.job(this.jobId);
  }

  async #moreLog(): Promise<void> {
    await this.attempt(async () => {
      const { items, next } = await this.app.api.log(this.jobId, this.#cursor);
      this.#append(items);
      this.#cursor = next;
      this.#logComplete = next === null;
    });
  }

  #append(events: readonly EventRecord[]): void {
    const known = new Map([...this.#log, ...events].map((event) => [event.id, event]));
    this.#log = [...known.values()].sort((one, other) => one.id - other.id).slice(-MOST_LINES);
    this.requestUpdate();
  }

  protected override page(job: JobDetail): TemplateResult {
    const now = Date.now();
    const reason = reasonOf(job);
    const { batchId, machineId } = job;
    const subject = { batchId, scope: 'machine', subject: machineId, name: job.name, counts: null } as const;
    return html`<p class="crumbs"><a href="#/batches">Batches</a> / <a href="#/batches/${job.batchId}">Its batch</a></p>
      <div class="page-head">
        <div><h1>${name(job.name)}</h1>
          <p class="soft">${badge(stateWord(job.state))} ${reason === null || job.state === 'failed' ? nothing : harmless(reason.text)}</p></div>
        ${may(this.app, 'operator') ? this.#actions(job, subject) : nothing}
      </div>
      ${job.error === null ? nothing : html`<div class="note failed"><p><strong>${harmless(job.error.message)}</strong> <code>${job.error.code}</code></p><p>${harmless(job.error.hint)}</p></div>`}
      ${isRunning(job.state) || job.state === 'paused' ? this.#progress(job) : nothing}
      ${this.#facts(job, now)}
      ${this.#steps(job, now)}
      ${sourceChanges(job.sourceChanges, now)}
      ${this.#disks(job)}
      ${job.concerns.length === 0 ? nothing : html`<section><h2>Concerns</h2>${concernList(job.concerns)}</section>`}
      ${this.#guest(job)}
      ${job.notes.length === 0 ? nothing : html`<section><h2>Notes</h2><ul class="plain">${job.notes.map((note) => html`<li>${harmless(note)}</li>`)}</ul></section>`}
      ${this.#failures(job, now)}
      ${this.#logSection()}`;
  }

  #actions(job: JobDetail, subject: OrderSubject): TemplateResult {
    const soon = () => this.refreshSoon();
    return html`<div class="buttons">
      ${orderButtons(verbsForJob(job), '', (verb) => void order(this.app, subject, [verb]).then(soon))}
      ${job.rollbackUntil === null ? nothing : html`<button class="grave-quiet" @click=${() => void rollBack(this.app, job).then(soon)}>Roll back</button>`}
    </div>`;
  }

  #progress({
    name: machine,
    movedBytes,
    dataBytes,
    bytesPerSecond,
    step,
    expectedEnd,
  }: JobDetail): TemplateResult {
    const left =
      bytesPerSecond > 0
        ? html`, ${span(((dataBytes - movedBytes) / bytesPerSecond) * 1000)} of moving left`
        : nothing;
    return html`<div class="big-progress">${progressBar(movedBytes, dataBytes, `${harmless(machine)}, moved`)}
      <p>${step === null ? nothing : html`<b>${stepWord(step)}</b> · `}${percent(movedBytes, dataBytes)} % · ${size(movedBytes)} of ${size(dataBytes)} · ${rate(bytesPerSecond)}${left}
        ${expectedEnd === null ? nothing : html` · expected to end ${time(expectedEnd, Date.now())}`}</p></div>`;
  }

  #facts(job: JobDetail, now: number): TemplateResult {
    const {
      os,
      firmware,
      cpus,
      memoryBytes,
      wave,
      worker,
      attempts,
      startedAt,
      endedAt,
      rolledBackAt,
      rollbackUntil,
      landed,
      output,
      nics,
    } = job;
    return html`<dl class="facts">
      ${fact('Guest', os === null ? 'not known' : harmless(os))}
      ${fact('Hardware', [cpus === null ? [] : `${cpus} CPUs`, memoryBytes === null ? [] : size(memoryBytes), firmware ?? []].flat().join(', ') || 'not known')}
      ${fact('Wave', name(wave))}
      ${fact('Began', time(startedAt, now))}
      ${fact('Ended', time(endedAt, now))}
      ${rolledBackAt === null ? nothing : fact('Rolled back', time(rolledBackAt, now))}
      ${rollbackUntil === null || job.state !== 'done' ? nothing : fact('Can be rolled back until', time(rollbackUntil, now))}
      ${fact('Runs', attempts)}
      ${worker === null ? nothing : fact('Worker', name(worker))}
      ${landed === null ? nothing : fact('VM in the pool', html`<code>${landed}</code>`)}
      ${output === null ? nothing : fact('Output', html`<code>${harmless(output)}</code>`)}
      ${nics.map(({ network, mac }, index) => fact(`Network card ${index}`, html`${name(network)}, ${mac === null ? 'a new MAC' : html`<code>${mac}</code>`}`))}
    </dl>`;
  }

  #steps({ steps }: JobDetail, now: number): TemplateResult | typeof nothing {
    if (steps.length === 0) return nothing;
    return html`<section><h2>Steps</h2><ol class="step-list">
      ${steps.map(
        ({ name: step, state, startedAt, finishedAt, bytes }) => html`<li>
        ${badge(STEP_STATES[state] ?? { text: state, tone: 'quiet' })}<b>${stepWord(step)}</b>
        <span class="soft">${startedAt === null ? nothing : html`from ${time(startedAt, now)}, ${span((finishedAt ?? now) - startedAt)}`}${bytes === null || bytes === 0 ? nothing : html`, ${size(bytes)}`}</span></li>`,
      )}
    </ol></section>`;
  }

  #disks({ disks }: JobDetail): TemplateResult | typeof nothing {
    if (disks.length === 0) return nothing;
    return html`<section><h2>Disks</h2><div class="panel scroll"><table>
      <caption class="hidden">Disks with capacity, data, repository and digest</caption>
      <thead><tr><th scope="col">Disk</th><th scope="col" class="numeric">Capacity</th><th scope="col" class="numeric">Data</th><th scope="col">Repository</th><th scope="col">Digest</th></tr></thead>
      <tbody>${disks.map(
        ({ index, name: disk, capacityBytes, dataBytes, storage, digest }) => html`<tr>
        <th scope="row">${index} ${name(disk)}</th><td class="numeric">${size(capacityBytes)}</td>
        <td class="numeric">${dataBytes === null ? '–' : size(dataBytes)}</td><td>${storage === null ? '–' : name(storage)}</td>
        <td>${digest === null ? html`<span class="soft">when it is verified</span>` : html`<code class="digest">${digest}</code>`}</td></tr>`,
      )}
      </tbody></table></div></section>`;
  }

  #guest({ guest }: JobDetail): TemplateResult {
    if (guest === null)
      return html`<section><h2>Changes in the guest</h2><p class="soft">None so far.</p></section>`;
    const { title, left, changes, files } = guest;
    return html`<section><h2>Changes in the guest</h2>
      ${title === null ? nothing : html`<p>${harmless(title)}</p>`}
      ${left === null ? nothing : html`<p>Left as it is: ${harmless(left)}</p>`}
      ${changes.map(
        ({
          fixup,
          done,
          atFirstBoot,
          warnings,
        }) => html`<details class="panel" open><summary><b>${harmless(fixup)}</b></summary>
        <ul class="files">${done.map((sentence) => html`<li>${harmless(sentence)}</li>`)}
          ${atFirstBoot.map((sentence) => html`<li>At the first start: ${harmless(sentence)}</li>`)}
          ${warnings.map((warning) => html`<li class="open">${harmless(warning)}</li>`)}</ul></details>`,
      )}
      ${
        files.length === 0
          ? nothing
          : html`<details class="panel"><summary>${count(files.length, 'file')}</summary>
        <ul class="files">${files.map(({ path, change }) => html`<li><code>${harmless(path)}</code> <span class="soft">${FILE_CHANGES[change] ?? change}</span></li>`)}</ul></details>`
      }
    </section>`;
  }

  #failures({ failures }: JobDetail, now: number): TemplateResult | typeof nothing {
    if (failures.length === 0) return nothing;
    return html`<section><h2>Failures</h2><ol class="failures">
      ${failures.map(({ at, code, message }) => html`<li>${time(at, now)} <code>${code}</code> ${harmless(message)}</li>`)}
    </ol></section>`;
  }

  #logSection(): TemplateResult {
    return html`<section><h2 id="log">Log</h2>
      ${
        this.#log.length === 0
          ? html`<p class="soft">Nothing has been noted yet.</p>`
          : html`<ol class="log" tabindex="0" aria-labelledby="log">
        ${this.#log.map((event, index) => html`<li>${day(event.at) === day(this.#log[index - 1]?.at ?? 0) ? nothing : html`<span class="day">${day(event.at)}</span>`}<time title=${momentInFull(event.at)}>${clockWithSeconds(event.at)}</time> ${harmless(eventWords(event))}</li>`)}
      </ol>`
      }
      ${this.#logComplete ? nothing : html`<button @click=${() => void this.#moreLog()}>More of the log</button>`}
    </section>`;
  }
}

customElements.define('xenferry-machine', MachineScreen);
