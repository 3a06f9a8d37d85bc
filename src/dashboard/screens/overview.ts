import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { harmless } from '../../model/harmless.js';
import { Timelines } from '../client/timelines.js';
import { may } from '../context.js';
import type { BatchSummary, JobState, JobSummary, Overview, Timeline, Worker } from '../documents.js';
import { badge, name, time } from '../parts/elements.js';
import { orderButtons } from '../parts/order-buttons.js';
import { order } from '../parts/orders.js';
import { Screen } from '../parts/screen.js';
import { count, size, span, whole } from '../words/amounts.js';
import { BatchNews } from '../words/news.js';
import { outcome } from '../words/night-words.js';
import { verbsForMany } from '../words/order-verbs.js';
import { stageWord } from '../words/states.js';
import { clock } from '../words/times.js';
import { nightCharts, nightFigures, nightSummary } from './night-panel.js';

/** Failed machines shown of one batch; the rest is a link away. */
const MOST_FAILED = 4;
/** Batches whose charts are shown; more than that run at a time hardly ever. */
const MOST_CHARTS = 4;
/** In which a machine can get stuck. */
const BUSY: readonly JobState[] = ['fixing', 'converting', 'verifying', 'finishing'];
/** A worker that gives no sign of life for so long is called missing. */
const MISSING_MS = 60_000;

interface Night {
  readonly batch: BatchSummary;
  /** Null beyond the first few. */
  readonly timeline: Timeline | null;
  readonly failed: readonly JobSummary[];
  readonly stuck: readonly JobSummary[];
}

interface OverviewData {
  readonly overview: Overview;
  readonly nights: readonly Night[];
}

/** The night at a glance: what needs a hand, what runs, what has ended. */
class OverviewScreen extends Screen<OverviewData> {
  readonly #news = new BatchNews();
  readonly #timelines = new Timelines();

  protected override async load(): Promise<OverviewData> {
    const overview = await this.app.api.overview();
    const news = overview.batches.flatMap((batch) => this.#news.of(batch, overview.now) ?? []);
    if (news.length > 0) this.app.announce(news.join(' '));
    const running = overview.batches.filter(({ stage }) => stage === 'running');
    const nights = await Promise.all(running.map((batch, index) => this.#night(batch, index < MOST_CHARTS)));
    return { overview, nights };
  }

  async #night(batch: BatchSummary, charted: boolean): Promise<Night> {
    const { api } = this.app;
    const some = async (state: JobState): Promise<readonly JobSummary[]> =>
      (await api.jobs(batch.id, { state, limit: 100 }, null)).items;
    const [timeline, failed, ...running] = await Promise.all([
      charted ? this.#timelines.of(api, batch.id) : null,
      batch.counts.failed > 0 ? some('failed') : [],
      ...(batch.counts.running > 0 ? BUSY.map(some) : []),
    ]);
    return { batch, timeline, failed, stuck: running.flat().filter(({ stuckSince }) => stuckSince !== null) };
  }

  protected override page({ overview, nights }: OverviewData): TemplateResult {
    const { now, batches, workers } = overview;
    const queued = batches.filter(({ stage }) => stage === 'queued' || stage === 'draft');
    const ended = batches.filter(({ stage }) => stage === 'ended');
    return html`<h1>Overview</h1>
      ${this.#hands(nights, workers, now)}
      ${
        nights.length === 0
          ? this.#idle()
          : repeat(
              nights,
              ({ batch }) => batch.id,
              (night) => this.#panel(night, now),
            )
      }
      ${queued.length === 0 ? nothing : this.#list('Next', queued, now)}
      ${ended.length === 0 ? nothing : this.#list('Lately', ended, now)}`;
  }

  #idle(): TemplateResult {
    return html`<section class="panel quiet-panel"><h2>Nothing runs</h2>
      <p class="soft">A batch begins when it is started from its plan, or when a schedule is due.</p>
      <p class="buttons"><a class="button" href="#/batches">Batches</a><a class="button" href="#/schedules">Schedules</a></p>
    </section>`;
  }

  #hands(nights: readonly Night[], workers: readonly Worker[], now: number): TemplateResult | typeof nothing {
    const missing = workers.filter(({ endedAt, beatAt }) => endedAt === null && now - beatAt > MISSING_MS);
    const troubled = nights.some(
      ({ failed, stuck, batch }) => failed.length + stuck.length + (batch.outlook?.unfit ?? 0) > 0,
    );
    if (!troubled && missing.length === 0) return nothing;
    return html`<section aria-labelledby="hands"><h2 id="hands">Needs a hand</h2>
      <ul class="hands">
        ${missing.map(
          (
            worker,
          ) => html`<li class="failed"><p>Worker ${name(worker.name)} has given no sign of life for ${span(now - worker.beatAt)}.</p>
          <p class="soft">Its machines are taken over by other workers. <a href="#/workers">Workers</a></p></li>`,
        )}
        ${nights.map(
          ({ batch, failed, stuck }) => html`
          ${stuck.map(
            (
              job,
            ) => html`<li class="failed"><p><a href="#/machines/${job.id}">${name(job.name)}</a> has made no progress since ${time(job.stuckSince, now)}.</p>
            <p class="soft">In ${name(batch.name)}; pausing and resuming it begins the step again.</p></li>`,
          )}
          ${failed.slice(0, MOST_FAILED).map((job) => this.#failure(job))}
          ${failed.length > MOST_FAILED ? html`<li class="failed"><p><a href="#/batches/${batch.id}">${whole(batch.counts.failed - MOST_FAILED)} more failed in ${name(batch.name)}</a></p></li>` : nothing}
          ${(batch.outlook?.unfit ?? 0) > 0 ? this.#unfit(batch) : nothing}`,
        )}
      </ul></section>`;
  }

  #failure({ id, name: machine, error }: JobSummary): TemplateResult {
    return html`<li class="failed"><p><a href="#/machines/${id}">${name(machine)}</a> failed: ${harmless(error?.message ?? 'no reason is known')}
      ${error === null ? nothing : html`<code>${error.code}</code>`}</p>
      ${error === null ? nothing : html`<p class="soft">${harmless(error.hint)}</p>`}</li>`;
  }

  #unfit({ id, name: batch, outlook }: BatchSummary): TemplateResult {
    const unfit = outlook?.unfit ?? 0;
    const closes = outlook?.window == null ? '' : ` at ${clock(outlook.window.closesAt)}`;
    return html`<li class="open"><p>${count(unfit, 'machine')} of <a href="#/batches/${id}">${name(batch)}</a> will not be done when the window ends${closes}.</p>
      <p class="soft">The next window goes on with them.</p></li>`;
  }

  #panel({ batch, timeline }: Night, now: number): TemplateResult {
    const verbs = may(this.app, 'operator') ? verbsForMany(batch.counts, batch.onHold) : [];
    return html`<article class="night panel" aria-labelledby="batch-${batch.id}">
      <div class="night-head">
        <div><p class="kicker">Running into ${name(batch.destination)}</p>
          <h2 id="batch-${batch.id}"><a href="#/batches/${batch.id}">${name(batch.name)}</a></h2></div>
        ${orderButtons(verbs, `batch ${harmless(batch.name)}`, (verb) => {
          const subject = {
            batchId: batch.id,
            scope: 'batch',
            subject: '',
            name: batch.name,
            counts: batch.counts,
          } as const;
          void order(this.app, subject, [verb]).then(() => this.refreshSoon());
        })}
      </div>
      ${nightSummary(batch, now)}
      ${nightFigures(batch, now)}
      ${timeline === null ? nothing : nightCharts(timeline, batch.outlook?.hops ?? [])}
    </article>`;
  }

  #list(title: string, batches: readonly BatchSummary[], now: number): TemplateResult {
    return html`<section><h2>${title}</h2><div class="panel scroll"><table>
      <caption class="hidden">${title}</caption>
      <thead><tr><th scope="col">Batch</th><th scope="col">Result</th><th scope="col" class="numeric">Machines</th><th scope="col" class="numeric mid">Data</th><th scope="col" class="mid">Ended</th></tr></thead>
      <tbody>${batches.map(
        (batch) => html`<tr><th scope="row"><a href="#/batches/${batch.id}">${name(batch.name)}</a></th>
        <td>${badge(batch.stage === 'ended' ? outcome(batch) : stageWord(batch.stage))}</td>
        <td class="numeric">${whole(batch.machines)}</td><td class="numeric mid">${size(batch.dataBytes)}</td><td class="mid">${time(batch.finishedAt, now)}</td></tr>`,
      )}
      </tbody></table></div></section>`;
  }
}

customElements.define('xenferry-overview', OverviewScreen);
