import { hopKey, type Job, limitAt, type NightLimits, type WayIn } from './night.js';

/** What says which way into the target a job would take. */
interface Traffic {
  /** Whether the job may take it. */
  readonly isOpen: (way: WayIn) => boolean;
  /** How busy a host is; any measure. */
  readonly at: (hop: WayIn[number]) => number;
}

/** The job on one of its ways. */
export function goingIn(job: Job, way: WayIn): Job {
  const target = job.hops.findIndex(({ kind }) => kind === 'repository');
  const before = target === -1 ? job.hops.length : target;
  return { ...job, hops: [...job.hops.slice(0, before), ...way, ...job.hops.slice(before)], waysIn: [] };
}

/**
 * The least busy of the ways that are open, or of all where none is; the first of several such. Null for a job that has
 * none to choose from.
 */
export function leastBusyWay({ waysIn = [] }: Job, { isOpen, at }: Traffic): WayIn | null {
  const open = waysIn.filter(isOpen);
  const busy = (way: WayIn) => way.reduce((most, hop) => Math.max(most, at(hop)), 0);
  let best: { readonly way: WayIn; readonly busy: number } | null = null;
  for (const way of open.length > 0 ? open : waysIn) {
    const next = { way, busy: busy(way) };
    if (best === null || next.busy < best.busy) best = next;
  }
  return best?.way ?? null;
}

/** For a forecast: each job on a way, so that hosts get data as their limits let machines through. */
export function spreadIn(jobs: readonly Job[], limits: NightLimits): readonly Job[] {
  const loads = new Map<string, number>();
  const at = (hop: WayIn[number]) =>
    (loads.get(hopKey(hop)) ?? 0) / (limitAt(limits, hop) ?? limits.machinesAtOnce);
  return jobs.map((job) => {
    const way = leastBusyWay(job, { isOpen: () => true, at });
    if (way === null) return job;
    for (const hop of way) {
      const key = hopKey(hop);
      // A machine without data takes a place as well.
      loads.set(key, (loads.get(key) ?? 0) + hop.share * job.bytes + 1);
    }
    return goingIn(job, way);
  });
}
