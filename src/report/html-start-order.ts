import { html, type Markup } from '../model/html-markup.js';
import { code } from './html-elements.js';
import type { MachineReport, RunReport } from './run-report.js';

interface Start {
  readonly name: string;
  readonly state: MachineReport['state'];
  readonly order: number;
  readonly delaySeconds: number;
}

/** The start sequence of every vApp of several machines. Unfinished machines stay in, as others may wait for them. */
export function startSequences({ machines }: RunReport): Markup[] {
  const vApps = new Map<string, Start[]>();
  for (const { name, state, planned } of machines) {
    if (planned === null || planned.startOrder === null) continue;
    const { startOrder: order, startDelaySeconds: delaySeconds } = planned;
    const { source } = planned.machine;
    vApps.set(source.descriptor, [
      ...(vApps.get(source.descriptor) ?? []),
      { name, state, order, delaySeconds },
    ]);
  }
  const sequences = [...vApps].filter(([, starts]) => starts.length > 1);
  return sequences.map(([descriptor, starts]) => sequence(descriptor, starts));
}

function sequence(descriptor: string, starts: readonly Start[]): Markup {
  const sorted = starts.toSorted((a, b) => a.order - b.order);
  return html`<p>The order in ${code(descriptor)}:</p>
<ol>
${sorted.map(
  ({ name, state, delaySeconds }) =>
    html`<li><b>${name}</b>${state === 'done' ? null : ` (${state})`}${
      delaySeconds === 0 ? null : `, then wait ${delaySeconds} s`
    }</li>\n`,
)}</ol>`;
}
