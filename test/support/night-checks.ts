import { expect } from 'vitest';
import { groupBy } from '../../src/model/group-by.js';
import type { Job, NightLimits } from '../../src/scheduling/index.js';
import type { Run } from './night-world.js';

/** No limit is exceeded at any instant: counted over the runs as they were, not by what the scheduler thought. */
export function expectLimitsKept(runs: readonly Run[], limits: NightLimits): void {
  const events = runs.flatMap((run) => [
    { at: run.from, change: 1, job: run.job },
    { at: run.to, change: -1, job: run.job },
  ]);
  // What ends makes room for what starts at the same instant.
  events.sort((a, b) => a.at - b.at || a.change - b.change);
  const counts = new Map<string, number>();
  const count = (place: string, change: number, limit: number) => {
    const now = (counts.get(place) ?? 0) + change;
    counts.set(place, now);
    if (now > limit) expect.fail(`${now} on ${place} where ${limit} may be`);
  };
  for (const { change, job } of events) {
    count('all', change, Math.min(limits.machinesAtOnce, limits.threads));
    for (const { kind, name } of job.hops) {
      count(`${kind} ${name}`, change, limits.perHop[kind] ?? Number.POSITIVE_INFINITY);
    }
  }
}

/** No job starts before all jobs of earlier waves are over, nor before those that it comes after are done. */
export function expectOrderKept(runs: readonly Run[], waves: readonly string[]): void {
  const doneAt = new Map(runs.filter(({ end }) => end === 'done').map(({ job, to }) => [job.id, to]));
  const last = new Map<string, number>();
  const first = new Map<string, number>();
  for (const { job, from, to } of runs) {
    last.set(job.wave, Math.max(last.get(job.wave) ?? 0, to));
    first.set(job.wave, Math.min(first.get(job.wave) ?? Number.POSITIVE_INFINITY, from));
    for (const id of job.after) expect(doneAt.get(id)).toBeLessThanOrEqual(from);
  }
  let before = 0;
  for (const wave of waves) {
    expect(first.get(wave) ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(before);
    before = Math.max(before, last.get(wave) ?? 0);
  }
}

/** A job runs once at a time, and never again once it is done. */
export function expectRunOnce(runs: readonly Run[], jobs: readonly Job[]): void {
  const byJob = groupBy(runs, ({ job }) => job.id);
  for (const { id } of jobs) {
    const own = (byJob.get(id) ?? []).toSorted((a, b) => a.from - b.from);
    for (const [index, run] of own.entries()) {
      const next = own[index + 1];
      if (next === undefined) continue;
      expect(next.from).toBeGreaterThanOrEqual(run.to);
      expect(run.end).not.toBe('done');
    }
  }
}
