import { code } from './html-elements.js';
import { html, type Markup } from './html-markup.js';
import type { MachineReport, RunReport } from './run-report.js';

interface Start {
  readonly name: string;
  readonly state: MachineReport['state'];
  readonly order: number;
  readonly delaySeconds: number;
}

/** The vApps' start sequences; null when there is none. Unfinished machines stay in, as others may wait for them. */
export function startSequences({ machines }: RunReport): Markup | null {
  const vApps = new Map<string, Start[]>();
  for (const { name, state, planned } of machines) {
    if (planned === null || planned.machine.startOrder === null) continue;
    const { startOrder: order, startDelaySeconds: delaySeconds, source } = planned.machine;
    vApps.set(source.descriptor, [
      ...(vApps.get(source.descriptor) ?? []),
      { name, state, order, delaySeconds },
    ]);
  }
  if (vApps.size === 0) return null;
  return html`<h3>Start the machines in their order</h3>
${[...vApps].map(([descriptor, starts]) => sequence(descriptor, starts))}`;
}

function sequence(descriptor: string, starts: readonly Start[]): Markup {
  const sorted = starts.toSorted((a, b) => a.order - b.order);
  return html`<p>As ${code(descriptor)} has it:</p>
<ol>
${sorted.map(
  ({ name, state, delaySeconds }) =>
    html`<li><b>${name}</b>${state === 'done' ? null : ` (${state})`}${
      delaySeconds === 0 ? null : `, then wait ${delaySeconds} s`
    }</li>\n`,
)}</ol>`;
}
