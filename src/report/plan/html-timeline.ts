import { formatSeconds } from '../../model/format.js';
import { type Content, html, type Markup } from '../../model/html-markup.js';
import type { WaveEstimate } from '../../model/plan.js';
import { count } from '../html-elements.js';
import { detailsId } from '../html-words.js';
import { clock } from './html-words.js';
import type { PageMachine, PageWave, PlanPage } from './page-context.js';

/** From where to where on an axis, both in seconds. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * Bars for the waves, by the clock where the plan has a start for all, else by work; and unless there
 * are many machines one for each, by work from the start of its wave.
 */
export function timeline(
  { waves, timeZone, many }: PlanPage,
  estimates: ReadonlyMap<string, WaveEstimate>,
): Markup | null {
  const known = waves.flatMap((each) => {
    const estimate = estimates.get(each.wave.name);
    return estimate === undefined ? [] : [{ ...each, estimate }];
  });
  if (known.length === 0) return null;
  const spans = byClock(known) ?? byWork(known);
  const axis = {
    from: spans.reduce((least, { from }) => Math.min(least, from), Number.POSITIVE_INFINITY),
    to: spans.reduce((most, { to }) => Math.max(most, to), 0),
  };
  return html`<h3 id="timeline">Timeline</h3>
<ol class="lanes" aria-labelledby="timeline">
${known.map(({ wave, machines, estimate }, index) => {
  const when =
    estimate.startsAt === null
      ? null
      : html`${clock(estimate.startsAt, timeZone)} – ${clock(estimate.endsAt, timeZone)}`;
  return html`<li>${lane(html`<b>${wave.name}</b>`, spans[index] ?? axis, axis, formatSeconds(estimate.seconds))}
${when === null ? null : html`<small>${when}</small>`}
${many ? null : machineLanes(machines, estimate)}</li>\n`;
})}</ol>`;
}

type KnownWave = PageWave & { readonly estimate: WaveEstimate };

/** Null where a wave has no start or no end. */
function byClock(waves: readonly KnownWave[]): Span[] | null {
  const spans = waves.map(({ estimate: { startsAt, endsAt } }) => ({
    from: seconds(startsAt),
    to: seconds(endsAt),
  }));
  return spans.some(({ from, to }) => Number.isNaN(from) || Number.isNaN(to)) ? null : spans;
}

function seconds(iso: string | null): number {
  return iso === null ? Number.NaN : Date.parse(iso) / 1000;
}

function byWork(waves: readonly KnownWave[]): Span[] {
  let from = 0;
  return waves.map(({ estimate }) => {
    const span = { from, to: from + estimate.seconds };
    from = span.to;
    return span;
  });
}

function machineLanes(machines: readonly PageMachine[], wave: WaveEstimate): Markup | null {
  const moved = machines.flatMap(({ planned: { machine }, index, estimate }) =>
    estimate === null ? [] : [{ name: machine.name, index, estimate }],
  );
  if (moved.length === 0) return null;
  const to = moved.reduce(
    (most, { estimate }) => Math.max(most, estimate.startSeconds + estimate.seconds),
    wave.seconds,
  );
  return html`<ol class="lanes" aria-label="${`Machines of ${wave.wave}, by hours of work`}">
${moved.map(({ name, index, estimate: { startSeconds: from, seconds } }) => {
  const link = html`<a href="#${detailsId(index)}">${name}</a>`;
  const words = html`${formatSeconds(seconds)}<span class="unseen"> from ${formatSeconds(from)} of the wave</span>`;
  return html`<li>${lane(link, { from, to: from + seconds }, { from: 0, to }, words)}</li>\n`;
})}</ol>
${machines.length === moved.length ? null : html`<small>${count(machines.length - moved.length, 'machine')} not moved</small>`}`;
}

function lane(name: Content, { from, to }: Span, axis: Span, words: Content): Markup {
  const whole = axis.to - axis.from;
  const percent = (part: number) => (whole <= 0 ? 0 : (100 * part) / whole).toFixed(2);
  const style = `left:${percent(from - axis.from)}%;width:${percent(to - from)}%`;
  return html`<div class="lane"><span class="who">${name}</span><span class="track" aria-hidden="true"><i style="${style}"></i></span><span class="long">${words}</span></div>`;
}
