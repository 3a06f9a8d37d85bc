import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { harmless } from '../../model/harmless.js';
import type { Timeline } from '../documents.js';
import { Part } from '../parts/part.js';
import { count, whole } from '../words/amounts.js';
import { stateWord } from '../words/states.js';
import { clock, moment } from '../words/times.js';
import { type Bar, barAt, type Lanes, packLanes } from './lanes.js';
import { drawTimeline, type Frame, laneHeight, TOP } from './timeline-drawing.js';

const HOUR = 3_600_000;
/** A hit counts so many pixels beside a bar. */
const SLACK_PX = 3;

/** The machines of a night side by side in time: what was, what is and what is expected. */
class NightTimeline extends Part {
  static override properties = { timeline: { attribute: false } };
  declare timeline: Timeline;
  #lanes: Lanes = { bars: [], lanes: 0 };
  /** Number of the bar that is read out; null for none. */
  #chosen: number | null = null;
  #width = 0;
  readonly #sizes = new ResizeObserver(([entry]) => {
    this.#width = Math.floor(entry?.contentRect.width ?? 0);
    this.#draw();
  });
  readonly #themes = new MutationObserver(() => this.#draw());

  override connectedCallback(): void {
    super.connectedCallback();
    this.#sizes.observe(this);
    this.#themes.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#sizes.disconnect();
    this.#themes.disconnect();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has('timeline')) return;
    const chosen = this.#bar?.job.id;
    this.#lanes = packLanes(this.timeline.jobs, this.timeline.now);
    const found = this.#lanes.bars.findIndex(({ job }) => job.id === chosen);
    this.#chosen = found === -1 ? null : found;
  }

  protected override updated(): void {
    this.#draw();
  }

  get #bar(): Bar | null {
    return this.#chosen === null ? null : (this.#lanes.bars[this.#chosen] ?? null);
  }

  protected override render(): TemplateResult {
    const { bars } = this.#lanes;
    if (bars.length === 0)
      return html`<p class="soft">No machine has begun and no forecast is there yet.</p>`;
    const bar = this.#bar;
    return html`<div class="timeline" tabindex="0" role="slider" aria-orientation="horizontal"
        aria-label="Machines on the timeline" aria-valuemin="1" aria-valuemax=${bars.length}
        aria-valuenow=${(this.#chosen ?? 0) + 1} aria-valuetext=${bar === null ? this.#summary() : this.#words(bar)}
        @keydown=${this.#pressed} @pointermove=${this.#pointed} @pointerleave=${this.#left} @click=${this.#clicked}>
        <canvas aria-hidden="true"></canvas>
      </div>
      <p class="readout" aria-hidden="true">${bar === null ? this.#summary() : this.#words(bar)}</p>
      <ul class="legend keys" aria-hidden="true">
        <li class="done">done</li><li class="active">running</li><li class="failed">failed</li>
        <li class="open">paused or cancelled</li><li class="expected">expected</li><li class="line now">now</li><li class="line forecast">forecast</li>
        ${this.timeline.window === null ? nothing : html`<li class="window">window</li>`}
      </ul>`;
  }

  #summary(): string {
    const { jobs, now, endsAt } = this.timeline;
    const begun = jobs.filter(({ startedAt }) => startedAt !== null).length;
    const forecast = endsAt === null ? '' : `, forecast to end ${moment(endsAt, now)}`;
    return `${whole(begun)} of ${count(jobs.length, 'machine')} begun, at most ${this.#lanes.lanes} at a time${forecast}`;
  }

  #words({ job, from, to, expected }: Bar): string {
    const state = expected ? 'expected' : stateWord(job.state).text.toLowerCase();
    return `${harmless(job.name)} · ${state} · ${clock(from)}–${clock(to)}`;
  }

  #frame(): Frame {
    const { now, window, endsAt } = this.timeline;
    let from = now;
    let to = Math.max(now, endsAt ?? now);
    for (const bar of this.#lanes.bars) {
      from = Math.min(from, bar.from);
      to = Math.max(to, bar.to);
    }
    if (window !== null && window.closesAt < to + 6 * HOUR) to = Math.max(to, window.closesAt);
    const edge = Math.max(60_000, (to - from) * 0.015);
    return { from: from - edge, to: to + edge, width: this.#width, lanes: Math.max(1, this.#lanes.lanes) };
  }

  #draw(): void {
    const canvas = this.querySelector('canvas');
    if (canvas === null || this.#width === 0) return;
    drawTimeline(canvas, this.#frame(), this.#lanes.bars, this.timeline, this.#bar);
  }

  #choose(index: number | null): void {
    if (index === this.#chosen) return;
    this.#chosen = index;
    this.requestUpdate();
  }

  #pointed({ offsetX, offsetY }: PointerEvent): void {
    const frame = this.#frame();
    const scale = (frame.to - frame.from) / frame.width;
    const lane = Math.floor((offsetY - TOP) / laneHeight(frame.lanes));
    const bar = barAt(this.#lanes, frame.from + offsetX * scale, lane, SLACK_PX * scale);
    this.#choose(bar === null ? null : this.#lanes.bars.indexOf(bar));
  }

  #left(): void {
    if (document.activeElement?.parentElement !== this) this.#choose(null);
  }

  #clicked(): void {
    const bar = this.#bar;
    if (bar !== null) location.hash = `#/machines/${bar.job.id}`;
  }

  #pressed(event: KeyboardEvent): void {
    const last = this.#lanes.bars.length - 1;
    const at = this.#chosen ?? -1;
    const places: Record<string, number> = {
      ArrowRight: at + 1,
      ArrowDown: at + 1,
      ArrowLeft: at - 1,
      ArrowUp: at - 1,
      PageDown: at + 20,
      PageUp: at - 20,
      Home: 0,
      End: last,
    };
    const place = places[event.key];
    if (place !== undefined) this.#choose(Math.min(last, Math.max(0, place)));
    else if (event.key === 'Enter') this.#clicked();
    else return;
    event.preventDefault();
  }
}

customElements.define('xenferry-timeline', NightTimeline);
