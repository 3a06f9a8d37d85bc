import type { Delivery } from '../delivery.js';
import { type BatchContext, claimJob, type PlannedJob } from '../job.js';
import { runJob } from '../run-job.js';

/** Where jobs are run: in this process, or on other machines. */
export interface JobRunner {
  /**
   * Resolves when the ledger has the job's end. An abort of `signal` ends it soon; its reason says how (`stop-reasons.ts`).
   * Rejects only when the ledger cannot be written.
   */
  run(job: PlannedJob, signal: AbortSignal): Promise<void>;
}

/** Runs jobs in this process. */
export class LocalRunner implements JobRunner {
  readonly #context: BatchContext;
  readonly #delivery: Delivery;

  constructor(context: BatchContext, delivery: Delivery) {
    this.#context = context;
    this.#delivery = delivery;
  }

  async run(job: PlannedJob, signal: AbortSignal): Promise<void> {
    const context = { ...this.#context, signal };
    await runJob(context, this.#delivery, await claimJob(context, job));
  }
}
