import type { Ledger, Order } from '../../ledger/index.js';
import type { PlannedJob } from '../job.js';
import type { IdleJobs } from './idle-jobs.js';
import type { RunningJobs } from './running-jobs.js';
import type { TrackedJobs } from './tracked-jobs.js';

/** What orders are given about. */
interface OrderedJobs {
  readonly ledger: Ledger;
  readonly batchId: number;
  readonly tracked: TrackedJobs;
  readonly running: RunningJobs;
  readonly idle: IdleJobs;
  /** Removes what is at the target of a machine that does not run. */
  readonly discard: (job: PlannedJob) => Promise<void>;
}

/** Does what operators have ordered since the last time; false when that was nothing. */
export async function obeyOrders(jobs: OrderedJobs): Promise<boolean> {
  const { ledger, batchId, tracked } = jobs;
  const orders = await ledger.orders.waiting(batchId);
  for (const order of orders) {
    tracked.rest(order);
    if (order.verb === 'cancel') await withdraw(jobs, order);
    if (order.verb === 'retry') await retry(jobs, order);
    if (order.verb === 'refix') await refix(jobs, order);
    await ledger.orders.obeyed(order);
  }
  return orders.length > 0;
}

async function withdraw({ tracked, running, idle, discard }: OrderedJobs, order: Order): Promise<void> {
  for (const id of tracked.covered(order)) {
    const { state } = tracked.of(id);
    if (state === 'done' || state === 'cancelled') continue;
    if (state === 'running') running.stop({ jobId: id, how: 'cancel', reason: `cancelled by ${order.by}` });
    else {
      await idle.cancel(id);
      await discard(tracked.planned(id));
    }
  }
}

async function retry(jobs: OrderedJobs, order: Order): Promise<void> {
  const { tracked } = jobs;
  await again(
    jobs,
    tracked
      .covered(order)
      .filter((id) => ['failed', 'cancelled'].includes(tracked.of(id).state))
      .filter((id) => order.scope === 'machine' || !isBack(tracked, id)),
  );
}

/** One that runs, or comes still, is mended by what the run goes by in any case. */
async function refix(jobs: OrderedJobs, order: Order): Promise<void> {
  const { ledger, tracked } = jobs;
  const idle = tracked
    .covered(order)
    .filter((id) => tracked.of(id).state !== 'running' && !isBack(tracked, id));
  for (const id of idle) await ledger.wantRefix(tracked.ledgerId(id));
  await again(
    jobs,
    idle.filter((id) => tracked.of(id).state !== 'waiting'),
  );
}

/** Whether it was taken back to its source: who wants it moved again says so of the machine itself. */
function isBack(tracked: TrackedJobs, id: string): boolean {
  return tracked.planned(id).record.rollback !== null;
}

/** Has machines that have ended come once more. */
async function again({ ledger, tracked }: OrderedJobs, ids: readonly string[]): Promise<void> {
  tracked.forget(new Set(ids));
  await ledger.nights.forgetFailures(ids.map((id) => tracked.ledgerId(id)));
  for (const id of ids) {
    tracked.change(id, { state: 'waiting', endedAt: null, onHold: false });
    const jobId = tracked.ledgerId(id);
    if (isBack(tracked, id)) await ledger.rollbacks.forget(jobId);
    else await ledger.setState(jobId, 'planned');
  }
}
