import type { Job } from './night.js';

/** Which jobs come directly after a job, by its id. */
export function followersOf(jobs: readonly Job[]): ReadonlyMap<string, readonly Job[]> {
  const followers = new Map<string, Job[]>();
  for (const job of jobs) {
    for (const id of job.after) {
      const known = followers.get(id);
      if (known === undefined) followers.set(id, [job]);
      else known.push(job);
    }
  }
  return followers;
}
