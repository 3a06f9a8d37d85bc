import { XenferryError } from '../../model/errors.js';
import type { BatchContext } from '../job.js';
import type { TrackedJobs } from './tracked-jobs.js';

/** Jobs that come to their end without a run. */
export class IdleJobs {
  readonly #context: Pick<BatchContext, 'ledger' | 'observe'>;
  readonly #tracked: TrackedJobs;

  constructor(context: Pick<BatchContext, 'ledger' | 'observe'>, tracked: TrackedJobs) {
    this.#context = context;
    this.#tracked = tracked;
  }

  /** An earlier run has brought it there. */
  arrived(id: string): void {
    this.#end(id, 'done', null);
  }

  async cancel(id: string): Promise<void> {
    await this.#context.ledger.setState(this.#tracked.ledgerId(id), 'cancelled');
    this.#end(id, 'cancelled', null);
  }

  /** Nothing will start it any more: it has failed with NOT_STARTED, which is returned. */
  async strand(id: string, reason: string): Promise<XenferryError> {
    const error = new XenferryError('NOT_STARTED', `was not started: ${reason}`);
    await this.#context.ledger.failJob(this.#tracked.ledgerId(id), error);
    this.#end(id, 'failed', error);
    return error;
  }

  #end(id: string, state: 'done' | 'cancelled' | 'failed', error: XenferryError | null): void {
    this.#tracked.ended(id, state, Date.now());
    const { record, planned } = this.#tracked.planned(id);
    this.#context.observe({ kind: 'job', jobId: record.id, name: planned.name, state, error });
  }
}
