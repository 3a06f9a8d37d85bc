import { posix } from 'node:path';
import type { PlannedMachine, Rates } from '../model/plan.js';
import { MIB } from '../model/units.js';
import { type Hop, type HopKind, type HopUse, hopKey, type Job, type WayIn } from './night.js';

/** What a plan does not say of a machine's way. */
export interface JobFacts {
  /** Names, as reasons and forecasts call them: of the network, of this computer, of the target folder. */
  readonly link: string;
  readonly converter: string;
  readonly folder: string;
  /** Milliseconds since 1970. */
  readonly enlistedAt: number;
  /** How a machine may get into the target; no way is known where left out. */
  readonly waysInOf?: (planned: PlannedMachine) => readonly WayIn[];
}

/**
 * A planned machine as the scheduler sees it. Machines of an OVF with a start sequence are a vApp. A source that names
 * neither host nor datastore is known by the folder of its descriptor.
 */
export function jobOf(planned: PlannedMachine, facts: JobFacts): Job {
  const { machine } = planned;
  const { kind, descriptor } = machine.source;
  const { host } = machine.placement;
  const folder = posix.dirname(descriptor);
  const datastores = shares(planned, 'datastore', (index) => {
    return machine.disks[index]?.datastore ?? (host === null ? folder : null);
  });
  return {
    id: machine.id,
    name: planned.name,
    bytes: planned.disks.reduce((sum, { dataBytes }) => sum + dataBytes, 0),
    priority: planned.priority,
    wave: planned.wave,
    unit: kind === 'ovf' && machine.startOrder !== null ? descriptor : null,
    after: planned.after,
    hops: [
      ...(host === null ? [] : [{ kind: 'host' as const, name: host, share: 1 }]),
      ...datastores,
      { kind: 'link', name: facts.link, share: 1 },
      { kind: 'threads', name: facts.converter, share: 1 },
      ...shares(planned, 'repository', (index) => planned.disks[index]?.storage ?? facts.folder),
    ],
    waysIn: facts.waysInOf?.(planned) ?? [],
    deadline: planned.deadline === null ? null : Date.parse(planned.deadline),
    enlistedAt: facts.enlistedAt,
    cutover: planned.live?.move === 'warm' ? planned.live.cutover : null,
  };
}

/**
 * What the plan's rates say of hops, in bytes a second; of others that the network holds them back first. Where `jobs` have
 * no host, what they are read from is the source whose rate is known.
 */
export function guessesOf(rates: Rates, threads: number, jobs: readonly Job[]): (hop: Hop) => number {
  const sources = new Set<string>();
  for (const { hops } of jobs) {
    if (hops.some(({ kind }) => kind === 'host')) continue;
    for (const hop of hops) if (hop.kind === 'datastore') sources.add(hopKey(hop));
  }
  const ofKind: Readonly<Record<HopKind, number>> = {
    host: rates.sourceMiBps * MIB,
    datastore: rates.networkMiBps * MIB,
    link: rates.networkMiBps * MIB,
    threads: rates.threadMiBps * threads * MIB,
    targetHost: rates.networkMiBps * MIB,
    repository: rates.targetMiBps * MIB,
  };
  return (hop) => ofKind[sources.has(hopKey(hop)) ? 'host' : hop.kind];
}

/** Each place's part of the data; those without any are left out, unless there is none at all. */
function shares(
  { disks }: PlannedMachine,
  kind: HopKind,
  placeOf: (disk: number) => string | null,
): HopUse[] {
  const bytes = disks.reduce((sum, { dataBytes }) => sum + dataBytes, 0);
  const parts = new Map<string, number>();
  for (const [index, { dataBytes }] of disks.entries()) {
    const name = placeOf(index);
    const part = bytes === 0 ? 1 / disks.length : dataBytes / bytes;
    if (name !== null && part > 0) parts.set(name, (parts.get(name) ?? 0) + part);
  }
  return [...parts].map(([name, share]) => ({ kind, name, share }));
}
