import { XenferryError } from '../model/errors.js';
import { followersOf } from './followers.js';
import type { Job, Wave } from './night.js';

/**
 * Throws CONFIG_INVALID for jobs that could never start: those that come after one that is not there or that is in a
 * later wave, that come after each other in a circle, or whose wave is none of these. Costs as much as there are jobs and
 * dependencies.
 */
export function refuseUnsoundOrder(jobs: readonly Job[], waves: readonly Wave[]): void {
  const byId = new Map(jobs.map((job) => [job.id, job]));
  const places = new Map(waves.map(({ name }, place) => [name, place]));
  for (const job of jobs) {
    const place = places.get(job.wave);
    if (place === undefined) throw unsound(`${job.name} is in wave ${job.wave}, which does not exist`);
    for (const id of job.after) {
      const other = byId.get(id);
      if (other === undefined) throw unsound(`${job.name} comes after ${id}, which is not moved`);
      if ((places.get(other.wave) ?? 0) > place)
        throw unsound(`${job.name} comes after ${other.name}, which is in the later wave ${other.wave}`);
    }
  }
  refuseCircles(jobs, followersOf(jobs));
}

/** Takes away what nothing has to come before, again and again; what is then left goes round in a circle. */
function refuseCircles(jobs: readonly Job[], followers: ReadonlyMap<string, readonly Job[]>): void {
  const missing = new Map(jobs.map(({ id, after }) => [id, after.length]));
  const free = jobs.filter(({ after }) => after.length === 0);
  for (let job = free.pop(); job !== undefined; job = free.pop()) {
    missing.delete(job.id);
    for (const follower of followers.get(job.id) ?? []) {
      const left = (missing.get(follower.id) ?? 0) - 1;
      missing.set(follower.id, left);
      if (left === 0) free.push(follower);
    }
  }
  const stuck = jobs.find(({ id }) => missing.has(id));
  if (stuck !== undefined) throw unsound(`${stuck.name} comes, by way of others, after itself`);
}

function unsound(message: string): XenferryError {
  return new XenferryError('CONFIG_INVALID', message, {
    hint: 'Correct the order of machines and waves.',
  });
}
