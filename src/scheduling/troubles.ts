import { ERROR_CATALOG, type ErrorCategory } from '../model/error-catalog.js';
import { type Hold, hold, inMinutes } from './holds.js';
import { type Failure, type Hop, type HopKind, hopKey, type Job, type Night, progressOf } from './night.js';
import { backOff, type JobFailures } from './retries.js';

/** Where the fault may lie when several machines fail with a category. */
const FAULTS_LIE_AT: Partial<Record<ErrorCategory, readonly HopKind[]>> = {
  source: ['host', 'datastore'],
  format: ['host', 'datastore'],
  target: ['repository', 'targetHost'],
  pool: ['repository', 'targetHost'],
  verify: ['repository', 'targetHost'],
};

/** Machines that failed alike at one hop, in a row. */
interface Trouble {
  readonly hop: Hop;
  readonly category: ErrorCategory;
  readonly jobs: Set<string>;
  lastAt: number;
  /** How often it has been paused. */
  pauses: number;
  pausedUntil: number;
}

/** What a batch's failures say: of each job, and of what jobs share. */
export class Troubles {
  readonly #policy: Night['policy'];
  readonly #failures = new Map<string, JobFailures>();
  readonly #troubles = new Map<string, Trouble>();

  constructor(night: Night) {
    this.#policy = night.policy;
    if (night.failures.length === 0) return;
    const jobs = new Map(night.jobs.map((job) => [job.id, job]));
    for (const { job, failure } of endsOf(night, jobs)) {
      if (failure === null) this.#forgive(job);
      else this.#note(job, failure);
    }
  }

  of(jobId: string): JobFailures | undefined {
    return this.#failures.get(jobId);
  }

  /** Why a job does not start because others have failed where it would go. `runningAt` counts machines at a hop. */
  hold(job: Job, now: number, runningAt: (hop: Hop) => number): Hold | null {
    if (this.#troubles.size === 0) return null;
    for (const hop of job.hops) {
      const trouble = this.#troubles.get(hopKey(hop));
      if (trouble === undefined || trouble.pauses === 0) continue;
      const failed = `${trouble.jobs.size} machines failed alike on ${hop.name} (${trouble.category})`;
      if (now < trouble.pausedUntil) {
        const pause = `${failed}; the next is tried in ${inMinutes(trouble.pausedUntil - now)}`;
        return hold('trouble', pause, trouble.pausedUntil);
      }
      if (runningAt(hop) > 0) return hold('trouble', `${failed}; one at a time until one is done`);
    }
    return null;
  }

  /** Until when nothing starts where the job would go, in milliseconds since 1970; 0 when nothing is paused there. */
  pausedUntil(job: Job): number {
    return job.hops.reduce((latest, hop) => {
      const trouble = this.#troubles.get(hopKey(hop));
      return trouble === undefined ? latest : Math.max(latest, trouble.pausedUntil);
    }, 0);
  }

  #note(job: Job, failure: Failure): void {
    const { category } = ERROR_CATALOG[failure.code];
    const places = FAULTS_LIE_AT[category] ?? [];
    let shared = false;
    for (const hop of [...job.hops, ...(failure.wayIn ?? [])]) {
      if (places.includes(hop.kind)) shared = this.#add(hop, category, failure) || shared;
    }
    const known = this.#failures.get(job.id);
    this.#failures.set(job.id, {
      last: failure,
      total: (known?.total ?? 0) + 1,
      own: (known?.own ?? 0) + (shared ? 0 : 1),
    });
  }

  /** Whether the hop is in trouble. */
  #add(hop: Hop, category: ErrorCategory, { jobId, at }: Failure): boolean {
    const { machines, withinSeconds } = this.#policy.groups;
    const key = hopKey(hop);
    let trouble = this.#troubles.get(key);
    const goesOn =
      trouble?.category === category && (trouble.pauses > 0 || at - trouble.lastAt <= withinSeconds * 1000);
    if (trouble === undefined || !goesOn) {
      trouble = { hop, category, jobs: new Set(), lastAt: at, pauses: 0, pausedUntil: 0 };
      this.#troubles.set(key, trouble);
    }
    trouble.jobs.add(jobId);
    trouble.lastAt = at;
    if (trouble.jobs.size < machines) return false;
    // What was under way when the pause began says nothing new.
    if (at >= trouble.pausedUntil) {
      trouble.pauses += 1;
      trouble.pausedUntil = at + backOff(trouble.pauses, this.#policy.groups) * 1000;
    }
    return true;
  }

  #forgive(job: Job): void {
    for (const hop of job.hops) this.#troubles.delete(hopKey(hop));
  }
}

/** Failures, and jobs that are done, in the order of time. */
function endsOf(night: Night, jobs: ReadonlyMap<string, Job>): { job: Job; failure: Failure | null }[] {
  const failed = night.failures.flatMap((failure) => {
    const job = jobs.get(failure.jobId);
    return job === undefined ? [] : [{ job, at: failure.at, failure }];
  });
  const done = night.jobs.flatMap((job) => {
    const { state, endedAt } = progressOf(night, job);
    return state === 'done' && endedAt !== null ? [{ job, at: endedAt, failure: null }] : [];
  });
  return [...failed, ...done].sort((a, b) => a.at - b.at);
}
