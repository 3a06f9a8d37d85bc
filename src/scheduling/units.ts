import type { Gates } from './gates.js';
import { type Job, type Night, progressOf } from './night.js';

/** The vApps of a batch: begun together, and then gone on with before anything else. */
export class Units {
  readonly #begun = new Set<string>();
  readonly #left = new Map<string, Job[]>();

  constructor(night: Night, gates: Gates) {
    for (const job of night.jobs) {
      if (job.unit === null) continue;
      const { state, movedBytes } = progressOf(night, job);
      if (state === 'running' || state === 'done' || movedBytes > 0) this.#begun.add(job.unit);
      if (gates.hasEnded(job)) continue;
      const left = this.#left.get(job.unit);
      if (left === undefined) this.#left.set(job.unit, [job]);
      else left.push(job);
    }
  }

  /** Whether a machine of the job's vApp runs or has run. */
  hasBegun({ unit }: Job): boolean {
    return unit !== null && this.#begun.has(unit);
  }

  begin({ unit }: Job): void {
    if (unit !== null) this.#begun.add(unit);
  }

  /** What starting the job commits to: all that is left of a vApp which has not been begun, else the job alone. */
  startedWith(job: Job): readonly Job[] {
    if (job.unit === null || this.#begun.has(job.unit)) return [job];
    return this.#left.get(job.unit) ?? [job];
  }
}
