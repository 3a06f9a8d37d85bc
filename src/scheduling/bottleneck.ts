import { FairShares, type Flow } from '../transfers/index.js';
import { HopNetwork } from './hop-network.js';
import type { Hop, HopKind, Job, KnownRates } from './night.js';

const WORDS: Readonly<Record<HopKind, (name: string) => string>> = {
  host: (name) => `source read on ${name}`,
  datastore: (name) => `source read from ${name}`,
  link: (name) => `network ${name}`,
  threads: (name) => `conversion on ${name}`,
  targetHost: (name) => `import through ${name}`,
  repository: (name) => `target write to ${name}`,
};

/** What is used so far holds its machines back: measurements scatter as much. */
const FULL = 0.9;

/**
 * Of the hops that are full, by what is known of them, the one that most of these machines go through; null when none is.
 * `cap`: bytes a second of all together, null without one.
 */
export function bottleneckOf(running: readonly Job[], rates: KnownRates, cap: number | null): Hop | null {
  const network = new HopNetwork(rates, cap);
  const flows = new Set<Flow>();
  for (const job of running) {
    const flow = network.flowOf(job);
    flow.count += 1;
    flows.add(flow);
  }
  new FairShares(network.resources).share(flows);
  const loads = network.resources.map(() => ({ bytesPerSecond: 0, machines: 0 }));
  for (const { uses, count, rate } of flows) {
    for (const { resource, share } of uses) {
      const load = loads[resource];
      if (load === undefined) continue;
      load.bytesPerSecond += share * count * rate;
      load.machines += count;
    }
  }
  let worst: Hop | null = null;
  let most = 0;
  for (const [number, { bytesPerSecond, machines }] of loads.entries()) {
    const capacity = network.resources[number]?.capacity ?? 0;
    if (machines <= most || bytesPerSecond < FULL * capacity) continue;
    worst = network.hops[number] ?? null;
    most = machines;
  }
  return worst;
}

/** `source read on esx03`. */
export function bottleneckInWords({ kind, name }: Hop): string {
  return WORDS[kind](name);
}
