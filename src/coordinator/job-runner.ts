import type { PlannedJob } from './job.js';

/** What jobs are run by: this process, or workers. */
export interface JobRunner {
  /**
   * Resolves when the ledger has the job's end. `signal` has it stop: the reason's code says whether it is `PAUSED`;
   * any other makes it cancelled. Rejects only when the ledger cannot be written.
   */
  run(job: PlannedJob, signal: AbortSignal): Promise<void>;
  /** What all jobs together may move from now on, in bytes a second; null: as much as can be. Asked every second. */
  limitBandwidth(bytesPerSecond: number | null): Promise<void>;
}
