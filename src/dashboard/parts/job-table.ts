import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { harmless } from '../../model/harmless.js';
import type { JobSummary } from '../documents.js';
import { percent, rate, size, whole } from '../words/amounts.js';
import { verbsForJob } from '../words/order-verbs.js';
import { isRunning, reasonOf, stateWord, stepWord } from '../words/states.js';
import { badge, name, progressBar, time } from './elements.js';
import { Part } from './part.js';
import { styled } from './styled.js';

/** Rows that are there beyond those in view, on either side. */
const BEYOND = 12;
/** Of the table's head, and a little more. */
const HEAD_PX = 46;
/** Until the first row has been measured. */
const GUESSED_ROW_PX = 52;

/** Rows in view, for whoever loads them. */
export interface RowRange {
  readonly first: number;
  readonly end: number;
}

/** Machines of a batch in a table of which only the part in view exists. */
export class JobTable extends Part {
  static override properties = {
    rows: { attribute: false },
    complete: { attribute: false },
    now: { attribute: false },
    mayOrder: { attribute: false },
  };
  declare rows: readonly JobSummary[];
  /** Whether `rows` are all there are. */
  declare complete: boolean;
  declare now: number;
  declare mayOrder: boolean;
  #range: RowRange = { first: 0, end: 40 };
  #rowPx = GUESSED_ROW_PX;
  /** Row whose link gets the focus once it exists. */
  #toFocus: number | null = null;
  readonly #sizes = new ResizeObserver(() => this.#look());

  override connectedCallback(): void {
    super.connectedCallback();
    this.#sizes.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#sizes.disconnect();
  }

  protected override updated(changed: PropertyValues): void {
    const row = this.querySelector<HTMLElement>('tbody.rows tr');
    if (row !== null && row.offsetHeight > 0) this.#rowPx = row.offsetHeight;
    if (this.#toFocus !== null) {
      this.querySelector<HTMLElement>(`tr[aria-rowindex="${this.#toFocus + 2}"] a`)?.focus({
        preventScroll: true,
      });
      this.#toFocus = null;
    }
    if (changed.has('rows')) this.#look();
  }

  /** To the first row, for another list. */
  toTop(): void {
    const box = this.#box;
    if (box !== null) box.scrollTop = 0;
  }

  protected override render(): TemplateResult {
    const { rows, complete } = this;
    const first = Math.min(this.#range.first, rows.length);
    const end = Math.min(this.#range.end, rows.length);
    return html`<div class="jobs" role="region" aria-label="Machines, scrollable" tabindex="0"
      ${styled({ height: complete ? `${rows.length * this.#rowPx + HEAD_PX}px` : '100vh' })} @scroll=${this.#look} @keydown=${this.#pressed}>
      <table aria-rowcount=${complete ? rows.length + 1 : -1}>
        <caption class="hidden">Machines of the batch with state, progress and times. Arrow keys move from row to row.</caption>
        <thead><tr aria-rowindex="1">
          <th scope="col">Machine</th><th scope="col">State</th><th scope="col" class="wide">Wave</th>
          <th scope="col" class="numeric mid">Moved</th><th scope="col" class="numeric wide">Rate</th>
          <th scope="col" class="wide">Begins</th><th scope="col" class="mid">Ends</th>
          ${this.mayOrder ? html`<th scope="col" class="act"><span class="hidden">Actions</span></th>` : nothing}
        </tr></thead>
        ${this.#spacer(first)}
        <tbody class="rows">
          ${repeat(
            rows.slice(first, end),
            ({ id }) => id,
            (job, index) => this.#row(job, first + index),
          )}
        </tbody>
        ${this.#spacer(rows.length - end)}
      </table>
      ${rows.length === 0 && complete ? html`<p class="empty">No machine fits.</p>` : nothing}
      ${complete ? nothing : html`<p class="empty">Loading…</p>`}
    </div>`;
  }

  #spacer(rows: number): TemplateResult | typeof nothing {
    if (rows <= 0) return nothing;
    return html`<tbody class="spacer" aria-hidden="true"><tr><td ${styled({ height: `${rows * this.#rowPx}px` })}></td></tr></tbody>`;
  }

  #row(job: JobSummary, index: number): TemplateResult {
    const { id, state, wave, movedBytes, dataBytes, bytesPerSecond } = job;
    const running = isRunning(state);
    return html`<tr aria-rowindex=${index + 2} class=${state === 'failed' || job.stuckSince !== null ? 'bad' : ''}>
      <th scope="row"><a href="#/machines/${id}" title=${harmless(job.name)} @focus=${this.#rowFocused}>${name(job.name)}</a></th>
      <td class="state">${this.#state(job)}</td>
      <td class="wide">${name(wave)}</td>
      <td class="numeric mid">${running || state === 'paused' ? html`${progressBar(movedBytes, dataBytes, `${harmless(job.name)}, moved`)}<small>${percent(movedBytes, dataBytes)} % of ${size(dataBytes)}</small>` : size(dataBytes)}</td>
      <td class="numeric wide">${running ? rate(bytesPerSecond) : '–'}</td>
      <td class="wide ${job.startedAt === null ? 'expected' : ''}">${time(job.startedAt ?? job.expectedStart, this.now)}</td>
      <td class="mid ${job.endedAt === null ? 'expected' : ''}">${time(job.endedAt ?? job.expectedEnd, this.now)}</td>
      ${this.mayOrder ? html`<td class="act"><button ?disabled=${verbsForJob(job).length === 0} class="quiet" aria-label="Actions for ${harmless(job.name)}" @click=${() => this.#order(job)}>⋯</button></td>` : nothing}
    </tr>`;
  }

  #state(job: JobSummary): TemplateResult {
    const { state, step, movedBytes, dataBytes } = job;
    const doing =
      isRunning(state) && step !== null
        ? { text: `${stepWord(step)}, ${percent(movedBytes, dataBytes)} %`, tone: 'quiet' }
        : null;
    const said = reasonOf(job) ?? doing;
    const text = harmless(said?.text ?? '');
    return html`${badge(stateWord(state))}${said === null ? nothing : html`<small class=${said.tone} title=${text}>${text}</small>`}`;
  }

  get #box(): HTMLElement | null {
    return this.querySelector('.jobs');
  }

  /** Which rows are in view; tells it when it has changed. */
  #look(): void {
    const box = this.#box;
    if (box === null) return;
    const first = Math.max(0, Math.floor(box.scrollTop / this.#rowPx) - BEYOND);
    const end = Math.ceil((box.scrollTop + box.clientHeight) / this.#rowPx) + BEYOND;
    if (first === this.#range.first && end === this.#range.end) return;
    this.#range = { first, end };
    this.requestUpdate();
    this.dispatchEvent(new CustomEvent<RowRange>('rows', { detail: this.#range }));
  }

  #rowFocused(event: FocusEvent): void {
    const row = event.target instanceof HTMLElement ? event.target.closest('tr') : null;
    const index = Number(row?.getAttribute('aria-rowindex')) - 2;
    if (row !== null) this.#intoView(index);
  }

  /** The head stays at the top and hides what is below it. */
  #intoView(index: number): void {
    const box = this.#box;
    const head = this.querySelector('thead');
    if (box === null || head === null) return;
    const top = index * this.#rowPx;
    const room = box.clientHeight - head.offsetHeight - this.#rowPx;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top > box.scrollTop + room) box.scrollTop = top - room;
  }

  #pressed(event: KeyboardEvent): void {
    const row = event.target instanceof HTMLElement ? event.target.closest('tbody.rows tr') : null;
    const at = row === null ? -1 : Number(row.getAttribute('aria-rowindex')) - 2;
    const screenful = Math.max(1, Math.floor((this.#box?.clientHeight ?? 0) / this.#rowPx) - 2);
    const places: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + screenful,
      PageUp: at - screenful,
      Home: 0,
      End: this.rows.length - 1,
    };
    const place = places[event.key];
    if (place === undefined || this.rows.length === 0) return;
    event.preventDefault();
    const index = Math.min(this.rows.length - 1, Math.max(0, place));
    this.#intoView(index);
    this.#toFocus = index;
    this.#look();
    this.requestUpdate();
  }

  #order(job: JobSummary): void {
    this.dispatchEvent(new CustomEvent<JobSummary>('order', { detail: job }));
  }
}

/** `10,000 machines`, as far as they have been counted. */
export function rowsInWords(rows: number, complete: boolean): string {
  return complete ? `${whole(rows)} shown` : `${whole(rows)} loaded so far`;
}

customElements.define('xenferry-job-table', JobTable);
