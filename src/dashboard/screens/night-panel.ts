import { html, nothing, type TemplateResult } from 'lit';
import '../charts/throughput.js';
import '../charts/timeline.js';
import { kindWord, useOf } from '../charts/hop-series.js';
import type { BatchSummary, HopRate, Timeline } from '../documents.js';
import { figure, name, partsBar } from '../parts/elements.js';
import { percent, rate, size, span, whole } from '../words/amounts.js';
import { estimateNote, forecastNote, verdict } from '../words/night-words.js';
import { moment } from '../words/times.js';

/** What became of a batch so far and what will, in words and figures. */
export function nightSummary(batch: BatchSummary, now: number): TemplateResult {
  const { text, tone } = verdict(batch, now);
  const forecast = forecastNote(batch, now);
  const estimate = estimateNote(batch);
  const bottleneck = batch.outlook?.bottleneck ?? null;
  return html`<p class="verdict ${tone}">${text}</p>
    ${forecast === null ? nothing : html`<p class="lead">${forecast}${estimate === null ? nothing : html`; ${estimate}`}.</p>`}
    ${bottleneck === null ? nothing : html`<p class="lead">Held back by ${name(bottleneck)}.</p>`}
    ${partsBar(batch)}`;
}

export function nightFigures(batch: BatchSummary, now: number): TemplateResult {
  const { counts, machines, movedBytes, dataBytes, bytesPerSecond, outlook, startedAt, finishedAt, stage } =
    batch;
  const left = counts.waiting + counts.running + counts.paused;
  return html`<dl class="figures">
    ${figure('Done', whole(counts.done), `of ${whole(machines)}`)}
    ${figure('Left', whole(left), counts.running > 0 ? `${counts.running} running` : nothing)}
    ${figure('Failed', counts.failed === 0 ? '0' : html`<span class="failed">${whole(counts.failed)}</span>`)}
    ${figure('Moved', size(movedBytes), `${percent(movedBytes, dataBytes)} % of ${size(dataBytes)}`)}
    ${stage === 'running' ? figure('Rate', rate(bytesPerSecond), outlook?.bandwidth == null ? nothing : `cap ${rate(outlook.bandwidth)}`) : nothing}
    ${startedAt === null ? nothing : figure(finishedAt === null ? 'Running for' : 'Took', span((finishedAt ?? now) - startedAt), `since ${moment(startedAt, now)}`)}
  </dl>`;
}

/** When which machine, and what goes through each hop. */
export function nightCharts(timeline: Timeline, hops: readonly HopRate[]): TemplateResult {
  return html`<section class="chart"><h3>Timeline</h3><xenferry-timeline .timeline=${timeline}></xenferry-timeline></section>
    <section class="chart"><h3>Throughput</h3><xenferry-throughput .samples=${timeline.samples}></xenferry-throughput></section>
    ${hops.length === 0 ? nothing : hopTable(hops)}`;
}

function hopTable(hops: readonly HopRate[]): TemplateResult {
  return html`<details class="panel"><summary>Hops now</summary>
    <div class="scroll"><table>
      <caption class="hidden">What goes through each hop now and what it can give</caption>
      <thead><tr><th scope="col">Hop</th><th scope="col" class="numeric">Now</th><th scope="col" class="numeric">Can give</th><th scope="col" class="numeric">Used</th></tr></thead>
      <tbody>${hops.map((hop) => {
        const use = useOf(hop);
        return html`<tr><th scope="row">${kindWord(hop.kind)} ${name(hop.name)}</th><td class="numeric">${rate(hop.bytesPerSecond)}</td>
          <td class="numeric">${hop.capacity === null ? 'not known' : rate(hop.capacity)}</td>
          <td class="numeric">${use === null ? '–' : `${Math.round(use * 100)} %`}</td></tr>`;
      })}</tbody>
    </table></div>
  </details>`;
}
