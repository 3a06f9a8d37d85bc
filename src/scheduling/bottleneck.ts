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

/**
 * The hop that holds back most of these machines, by what is known of their hops; null when there are none. `cap`: bytes
 * a second of all together, null without one.
 */
export function bottleneckOf(running: readonly Job[], rates: KnownRates, cap: number | null): Hop | null {
  const network = new HopNetwork(rates, cap);
  const flows = new Set<Flow>();
  for (const job of running) {
    if (job.hops.length === 0) continue;
    const flow = network.flowOf(job);
    flow.count += 1;
    flows.add(flow);
  }
  new FairShares(network.resources).share(flows);
  const held = new Map<number, number>();
  for (const { heldBy, count } of flows) held.set(heldBy, (held.get(heldBy) ?? 0) + count);
  const [worst] = [...held].sort((a, b) => b[1] - a[1]);
  return worst === undefined ? null : (network.hops[worst[0]] ?? null);
}

/** `source read on esx03`. */
export function bottleneckInWords({ kind, name }: Hop): string {
  return WORDS[kind](name);
}
