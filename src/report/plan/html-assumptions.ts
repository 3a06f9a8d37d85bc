import { formatBytes } from '../../model/format.js';
import { html, type Markup } from '../../model/html-markup.js';
import { MIB } from '../../model/units.js';
import { facts } from '../html-elements.js';
import type { PlanPage } from './page-context.js';

/** What the estimate stands on. */
export function assumptions({ plan: { estimate } }: PlanPage): Markup {
  const { rates, limits } = estimate;
  const rate = (mibps: number) => `${formatBytes(mibps * MIB)}/s`;
  return html`<section aria-labelledby="assumptions">
<h2 id="assumptions">Assumptions</h2>
<p class="note">The times are estimates, no promises. They hold as far as these figures do. The data to move is what the
disks’ own tables, or the source’s lists, count as used; zeros among it are left out while it is moved.</p>
<div class="halves">
<div>
<h3>Rates</h3>
${facts([
  ['One source gives', rate(rates.sourceMiBps)],
  ['Network', rate(rates.networkMiBps)],
  ['One thread', rate(rates.threadMiBps)],
  ['One storage takes', rate(rates.targetMiBps)],
  ['Each machine', `${rates.secondsPerMachine} s beside its data`],
])}
</div>
<div>
<h3>Limits</h3>
${facts([
  ['Machines at a time', limits.machinesAtOnce],
  ['From one host', limits.machinesPerHost],
  ['From one datastore', limits.machinesPerDatastore],
  ['Threads', limits.threads],
  ['Room for unpacking', estimate.stagingBytes === 0 ? 'none needed' : formatBytes(estimate.stagingBytes)],
])}
</div>
</div>
</section>`;
}
