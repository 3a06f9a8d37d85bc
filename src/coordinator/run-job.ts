import { errorCodeOf, isCanceled, toXenferryError, XenferryError } from '../model/errors.js';
import { isBlocking, type PlannedMachine } from '../model/plan.js';
import type { Delivery } from './delivery.js';
import type { BatchContext, ClaimedJob } from './job.js';

/**
 * Brings one machine from whatever state the ledger has it in to `done`, or to `failed` or `cancelled`.
 * Never throws but for a ledger that cannot be written.
 */
export async function runJob(context: BatchContext, delivery: Delivery, job: ClaimedJob): Promise<void> {
  const { observe, signal } = context;
  const { held, planned } = job;
  const { name } = planned;
  try {
    signal.throwIfAborted();
    refuseBlocked(planned);
    if (!(await delivery.isFinished(job))) await delivery.deliver(job, context);
    await held.setState('done');
    observe({ kind: 'job', name, state: 'done', error: null });
  } catch (error) {
    if (signal.aborted || isCanceled(error)) {
      await held.setState('cancelled');
      observe({ kind: 'job', name, state: 'cancelled', error: null });
      return;
    }
    const failure = toXenferryError(error);
    await held.fail(failure);
    observe({ kind: 'job', name, state: 'failed', error: failure });
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
