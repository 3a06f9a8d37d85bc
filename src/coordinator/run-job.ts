import { errorCodeOf, isCanceled, toXenferryError, XenferryError } from '../model/errors.js';
import { isBlocking, type PlannedMachine } from '../model/plan.js';
import type { Delivery } from './delivery.js';
import type { BatchContext, ClaimedJob } from './job.js';
import { refixWithSource } from './live/refix-source.js';
import { settleSource, withSource } from './live/with-source.js';
import { failureBy, stateAfter } from './stop-reasons.js';

/**
 * Brings one machine from whatever state the ledger has it in to `done`, or to `failed` or `cancelled`, or to
 * `paused` where it waits for its cutover window.
 * Never throws but for a ledger that cannot be written.
 */
export async function runJob(context: BatchContext, delivery: Delivery, job: ClaimedJob): Promise<void> {
  const { observe, signal } = context;
  const { held, record, planned } = job;
  const { name } = planned;
  try {
    signal.throwIfAborted();
    refuseBlocked(planned);
    if (record.refix) await refixWithSource(context, job, delivery);
    else if (await delivery.isFinished(job)) await settleSource(context, job);
    else if ((await withSource(context, job, delivery)) === 'waits') {
      await held.setState('paused');
      observe({ kind: 'job', jobId: record.id, name, state: 'paused', error: null });
      return;
    }
    await held.setState('done');
    observe({ kind: 'job', jobId: record.id, name, state: 'done', error: null });
  } catch (error) {
    const stuck = failureBy(signal);
    if (stuck === null && (signal.aborted || isCanceled(error))) {
      const state = stateAfter(signal);
      await held.setState(state);
      observe({ kind: 'job', jobId: record.id, name, state, error: null });
      return;
    }
    const failure = stuck ?? toXenferryError(error);
    // The next run finds it as good as it was.
    if (failure.code === 'REFIX_REFUSED') await held.dropRefix();
    await held.fail(failure);
    observe({ kind: 'job', jobId: record.id, name, state: 'failed', error: failure });
  }
}

function refuseBlocked({ concerns }: PlannedMachine): void {
  const blocking = concerns.find(isBlocking);
  if (blocking === undefined) return;
  const { id, message, remedy } = blocking;
  const code = errorCodeOf(id);
  throw new XenferryError(code ?? 'PLAN_BLOCKED', code === null ? `${message} (${id})` : message, {
    hint: remedy,
  });
}
