import type { Transaction } from 'kysely';
import { XenferryError } from '../model/errors.js';
import { insertEvent } from './event-log.js';
import type { RecordedError, Rollback } from './job-record.js';
import type { JobState, LedgerSchema } from './schema.js';

const HAS_ENDED: ReadonlySet<JobState> = new Set<JobState>(['paused', 'done', 'failed', 'cancelled']);

/** What becomes of a job. */
export interface StateChange {
  readonly state: JobState;
  /** Of a failed one. */
  readonly error: RecordedError | null;
  /** Of one that is taken back to its source. */
  readonly rollback?: Rollback;
}

/**
 * Changes a job's state and tells so in an event, so that the history always says what the job does. `fence`: that of
 * who holds the job; null: nobody does from now on. Rejects with LEASE_LOST for a job that is not, or not held so.
 */
export async function changeState(
  trx: Transaction<LedgerSchema>,
  jobId: number,
  fence: number | null,
  { state, error, rollback }: StateChange,
): Promise<void> {
  const at = Date.now();
  let query = trx
    .updateTable('jobs')
    .set({ state, error: error === null ? null : withoutStack(error) })
    .where('id', '=', jobId);
  if (HAS_ENDED.has(state)) query = query.set({ ended_at: at });
  query =
    fence === null
      ? query.set(({ eb }) => ({ fence: eb('fence', '+', 1), offer: null }))
      : query.where('fence', '=', fence);
  const job = await query.returning(['batch_id', 'worker', 'fence']).executeTakeFirst();
  if (job === undefined) throw leaseLost(jobId);
  const told = {
    state,
    ...(rollback && { rollback }),
    ...(error && { code: error.code }),
    worker: job.worker,
    fence: job.fence,
  };
  await insertEvent(trx, { batchId: job.batch_id, jobId, kind: 'job', data: told }, at);
}

export function leaseLost(jobId: number): XenferryError {
  return new XenferryError('LEASE_LOST', `job ${jobId} has been given to another worker, or taken back`);
}

function withoutStack({ code, message, hint, place }: RecordedError): string {
  return JSON.stringify({ code, message, hint, place });
}
