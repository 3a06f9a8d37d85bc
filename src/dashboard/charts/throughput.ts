import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import uPlot from 'uplot';
import { harmless } from '../../model/harmless.js';
import type { Sample } from '../documents.js';
import { name } from '../parts/elements.js';
import { Part } from '../parts/part.js';
import { rate } from '../words/amounts.js';
import { clock, clockWithSeconds } from '../words/times.js';
import { type HopSeries, hopSeries } from './hop-series.js';

const MOST_LINES = 6;
const HEIGHT = 180;
/** Of the axis of rates: powers of two, so that it shows round MiB and GiB. */
const STEPS = Array.from({ length: 40 }, (_, power) => 2 ** power * 1024);

/** What goes through each hop, over the night. */
class ThroughputChart extends Part {
  static override properties = { samples: { attribute: false } };
  declare samples: readonly Sample[];
  #series: HopSeries = { labels: [], columns: [[]] };
  #plot: uPlot | null = null;
  /** Number of the sample under the pointer; null for none. */
  #at: number | null = null;
  readonly #sizes = new ResizeObserver(() => {
    this.#plot?.setSize({ width: this.#width, height: HEIGHT });
  });
  readonly #themes = new MutationObserver(() => this.#rebuild());

  override connectedCallback(): void {
    super.connectedCallback();
    this.#sizes.observe(this);
    this.#themes.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#sizes.disconnect();
    this.#themes.disconnect();
    this.#plot?.destroy();
    this.#plot = null;
  }

  get #width(): number {
    return Math.max(200, Math.floor(this.clientWidth));
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('samples')) this.#series = hopSeries(this.samples, MOST_LINES);
  }

  protected override updated(changed: PropertyValues): void {
    if (!changed.has('samples') || this.samples.length < 2) return;
    const labels = this.#plot?.series.slice(1).map(({ label }) => label);
    if (labels?.join('\n') === this.#series.labels.join('\n')) this.#plot?.setData(this.#data);
    else this.#rebuild();
  }

  protected override render(): TemplateResult {
    if (this.samples.length < 2) return html`<p class="soft">Nothing has been measured yet.</p>`;
    const at = this.#at ?? this.samples.length - 1;
    const sample = this.samples[at];
    return html`<div class="plot" role="img" aria-label=${this.#summary()}></div>
      <p class="readout">${sample === undefined ? nothing : html`${clockWithSeconds(sample.at)}: ${rate(sample.bytesPerSecond)} in all, ${sample.running} running`}</p>
      <ul class="legend series">
        ${this.#series.labels.map((label, index) => {
          const value = this.#series.columns[index + 1]?.[at] ?? null;
          return html`<li class="series-${index + 1}">${name(label)} <b>${value === null ? '–' : rate(value)}</b></li>`;
        })}
      </ul>`;
  }

  #summary(): string {
    const rates = this.samples.map(({ bytesPerSecond }) => bytesPerSecond);
    const first = this.samples[0]?.at ?? 0;
    const last = this.samples.at(-1)?.at ?? 0;
    const most = rates.reduce((one, other) => Math.max(one, other), 0);
    const mean = rates.reduce((one, other) => one + other, 0) / rates.length;
    const hops = this.#series.labels.map(harmless).join(', ');
    return `Throughput from ${clock(first)} to ${clock(last)}: on average ${rate(mean)}, at most ${rate(most)}. Lines: ${hops}.`;
  }

  get #data(): uPlot.AlignedData {
    const [times, ...lines] = this.#series.columns;
    return [[...times], ...lines.map((line) => [...line])];
  }

  #rebuild(): void {
    this.#plot?.destroy();
    this.#plot = null;
    const place = this.querySelector<HTMLElement>('.plot');
    if (place === null || this.#series.labels.length === 0) return;
    const style = getComputedStyle(this);
    const color = (token: string): string => style.getPropertyValue(`--${token}`);
    const axis: uPlot.Axis = {
      stroke: color('soft'),
      grid: { stroke: color('line'), width: 1 },
      ticks: { show: false },
      font: `11px ${style.fontFamily}`,
    };
    const lines = this.#series.labels.map((label, index) => ({
      label,
      stroke: color(`series-${index + 1}`),
      width: 1.75,
      points: { show: false },
      spanGaps: false,
    }));
    this.#plot = new uPlot(
      {
        width: this.#width,
        height: HEIGHT,
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
        scales: { y: { range: (_plot, _least, most) => [0, Math.max(1, most * 1.08)] } },
        series: [{}, ...lines],
        axes: [
          { ...axis, size: 26, values: (_plot, times) => times.map((time) => clock(time * 1000)) },
          {
            ...axis,
            size: 74,
            incrs: STEPS,
            values: (_plot, values) => values.map((value) => (value === 0 ? '0' : rate(value))),
          },
        ],
        hooks: {
          setCursor: [
            ({ cursor }) => {
              const at = cursor.idx ?? null;
              if (at === this.#at) return;
              this.#at = at;
              this.requestUpdate();
            },
          ],
        },
      },
      this.#data,
      place,
    );
  }
}

customElements.define('xenferry-throughput', ThroughputChart);
