import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { harmless } from '../../model/harmless.js';
import { JobPages } from '../client/job-pages.js';
import { Problem } from '../client/problem.js';
import { Timelines } from '../client/timelines.js';
import { may } from '../context.js';
import type {
  BatchSummary,
  Counts,
  JobState,
  JobSummary,
  Order,
  PlanDocument,
  Timeline,
} from '../documents.js';
import { JOB_STATES } from '../documents.js';
import { badge, name, time } from '../parts/elements.js';
import { fieldText } from '../parts/forms.js';
import { type JobTable, type RowRange, rowsInWords } from '../parts/job-table.js';
import '../parts/job-table.js';
import { orderButtons } from '../parts/order-buttons.js';
import { order } from '../parts/orders.js';
import { Screen } from '../parts/screen.js';
import { whole } from '../words/amounts.js';
import { BatchNews } from '../words/news.js';
import { verbsForJob, verbsForMany } from '../words/order-verbs.js';
import { verbWord } from '../words/order-words.js';
import { stageWord, stateWord } from '../words/states.js';
import { nightCharts, nightFigures, nightSummary } from './night-panel.js';

const PAGE = 500;
/** Typing is over when nothing has come for so long. */
const TYPED_MS = 250;
const SHOWN_ORDERS = 5;

interface BatchData {
  readonly batch: BatchSummary;
  readonly timeline: Timeline | null;
  readonly orders: readonly Order[];
  readonly now: number;
}

interface Filter {
  readonly state: JobState | null;
  readonly wave: string | null;
  readonly search: string;
  readonly order: 'plan' | 'name' | 'ends';
}

/** One batch with all its machines. */
class BatchScreen extends Screen<BatchData> {
  static override properties = { ...Screen.properties, batchId: { attribute: false } };
  declare batchId: number;
  readonly #timelines = new Timelines();
  readonly #news = new BatchNews();
  #filter: Filter = { state: null, wave: null, search: '', order: 'plan' };
  #jobs: JobPages | null = null;
  #waves: PlanDocument['waves'] = [];
  #range: RowRange = { first: 0, end: PAGE };
  #typing: ReturnType<typeof setTimeout> | undefined;

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('batchId')) this.#list();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.whileShown(
      this.app.live.on('progress', ({ detail }) => {
        if (this.#jobs?.progress(detail)) this.requestUpdate();
      }),
    );
    void this.#loadWaves();
  }

  protected override concerns(batchId: number | null): boolean {
    return batchId === null || batchId === this.batchId;
  }

  protected override async load(): Promise<BatchData> {
    const { api } = this.app;
    const [batch, orders] = await Promise.all([api.batch(this.batchId), api.orders(this.batchId)]);
    const timeline = batch.stage === 'draft' ? null : await this.#timelines.of(api, this.batchId);
    const now = timeline?.now ?? Date.now();
    const news = this.#news.of(batch, now);
    if (news !== null) this.app.announce(news);
    await this.#jobs?.refresh(this.#range.first, this.#range.end);
    return { batch, timeline, orders: orders.items, now };
  }

  /** The plan may be gone, or unreadable meanwhile: then there is no choice of waves. */
  async #loadWaves(): Promise<void> {
    try {
      this.#waves = (await this.app.api.plan(this.batchId)).waves;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
    }
    this.requestUpdate();
  }

  #list(): void {
    const jobs = new JobPages((cursor) =>
      this.app.api.jobs(this.batchId, { ...this.#filter, limit: PAGE }, cursor),
    );
    this.#jobs = jobs;
    this.querySelector<JobTable>('xenferry-job-table')?.toTop();
    void this.#more(jobs);
  }

  async #more(jobs: JobPages): Promise<void> {
    await this.attempt(() => jobs.more());
  }

  protected override page({ batch, timeline, orders, now }: BatchData): TemplateResult {
    const draft = batch.stage === 'draft';
    return html`<p class="crumbs"><a href="#/batches">Batches</a></p>
      <div class="page-head">
        <div><h1>${name(batch.name)}</h1>
          <p class="soft">${badge(stageWord(batch.stage))} into ${name(batch.destination)}</p></div>
        <div class="buttons"><a class="button" href="#/batches/${batch.id}/plan">${draft ? 'Edit the plan' : 'Plan'}</a>
          ${this.#orderButtons(batch)}</div>
      </div>
      ${nightSummary(batch, now)}
      ${draft ? nothing : nightFigures(batch, now)}
      ${timeline === null ? nothing : nightCharts(timeline, batch.outlook?.hops ?? [])}
      ${this.#orders(orders, now)}
      ${this.#machines(batch, now)}`;
  }

  #orderButtons(batch: BatchSummary): TemplateResult | typeof nothing {
    if (!may(this.app, 'operator') || batch.stage === 'draft') return nothing;
    const { id, counts, onHold } = batch;
    return orderButtons(verbsForMany(counts, onHold), `batch ${harmless(batch.name)}`, (verb) => {
      const subject = { batchId: id, scope: 'batch', subject: '', name: batch.name, counts } as const;
      void order(this.app, subject, [verb]).then(() => this.refreshSoon());
    });
  }

  #orders(orders: readonly Order[], now: number): TemplateResult | typeof nothing {
    if (orders.length === 0) return nothing;
    const latest = [...orders].sort((one, other) => other.at - one.at).slice(0, SHOWN_ORDERS);
    return html`<section><h2>Orders</h2><ul class="orders">
      ${latest.map(
        ({ at, verb, scope, subject, givenBy, obeyedAt }) => html`<li>
        ${badge(obeyedAt === null ? { text: 'Waits', tone: 'open' } : { text: 'Obeyed', tone: 'done' })}
        <span>${verbWord(verb)} ${scope}${subject === '' ? nothing : html` ${name(subject)}`} <span class="soft">by ${name(givenBy)}, ${time(at, now)}</span></span></li>`,
      )}
    </ul></section>`;
  }

  #machines(batch: BatchSummary, now: number): TemplateResult {
    const rows = this.#jobs?.rows ?? [];
    const complete = this.#jobs?.complete ?? false;
    return html`<section aria-labelledby="machines"><h2 id="machines">Machines</h2>
      ${this.#filters(batch)}
      <p class="soft count" role="status">${rowsInWords(rows.length, complete)}, of ${whole(batch.machines)} in the batch</p>
      <xenferry-job-table .rows=${rows} .complete=${complete} .now=${now} .mayOrder=${may(this.app, 'operator')}
        @rows=${this.#seen} @order=${this.#orderJob}></xenferry-job-table>
    </section>`;
  }

  #filters(batch: BatchSummary): TemplateResult {
    const { state, wave, order: sorted } = this.#filter;
    return html`<form class="filters" role="search" aria-label="Machines" @submit=${(event: Event) => event.preventDefault()}>
      <label>Search <input type="search" name="search" autocomplete="off" @input=${this.#typed}></label>
      <label>State <select name="state" @change=${(event: Event) => this.#choose({ state: JOB_STATES.find((each) => each === fieldText(event)) ?? null })}>
        <option value="">All</option>
        ${JOB_STATES.map((each) => html`<option value=${each} ?selected=${each === state}>${stateWord(each).text}</option>`)}
      </select></label>
      ${
        this.#waves.length < 2
          ? nothing
          : html`<label>Wave <select name="wave" @change=${(event: Event) => this.#choose({ wave: fieldText(event) || null })}>
        <option value="">All</option>
        ${this.#waves.map((each) => html`<option value=${each.name} ?selected=${each.name === wave}>${harmless(each.name)}</option>`)}
      </select></label>`
      }
      <label>Order <select name="order" @change=${(event: Event) => this.#choose({ order: ORDERS.find((each) => each === fieldText(event)) ?? 'plan' })}>
        ${ORDERS.map((each) => html`<option value=${each} ?selected=${each === sorted}>${{ plan: 'As planned', name: 'By name', ends: 'By expected end' }[each]}</option>`)}
      </select></label>
      ${wave === null || !may(this.app, 'operator') ? nothing : html`<button type="button" @click=${() => this.#orderWave(batch, wave)}>Actions for wave “${harmless(wave)}”</button>`}
    </form>`;
  }

  #typed(event: Event): void {
    const search = fieldText(event).trim();
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => this.#choose({ search }), TYPED_MS);
  }

  #choose(part: Partial<Filter>): void {
    this.#filter = { ...this.#filter, ...part };
    this.#list();
    this.requestUpdate();
  }

  #seen({ detail }: CustomEvent<RowRange>): void {
    this.#range = detail;
    const jobs = this.#jobs;
    if (jobs !== null && !jobs.complete && detail.end > jobs.rows.length - PAGE / 2) void this.#more(jobs);
  }

  #orderJob({ detail }: CustomEvent<JobSummary>): void {
    const { batchId, machineId, name: machine } = detail;
    const subject = { batchId, scope: 'machine', subject: machineId, name: machine, counts: null } as const;
    void order(this.app, subject, verbsForJob(detail)).then(() => this.refreshSoon());
  }

  #orderWave({ id, counts }: BatchSummary, wave: string): void {
    const subject = { batchId: id, scope: 'wave', subject: wave, name: wave, counts: null } as const;
    const everything: Counts = { ...counts, waiting: 1, failed: 1 };
    const verbs = [...verbsForMany(everything, false), 'resume'] as const;
    void order(this.app, subject, verbs).then(() => this.refreshSoon());
  }
}

const ORDERS = ['plan', 'name', 'ends'] as const;

customElements.define('xenferry-batch', BatchScreen);
