import type { Ledger, Order } from '../../ledger/index.js';
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
}

/** Does what operators have ordered since the last time; false when that was nothing. */
export async function obeyOrders(jobs: OrderedJobs): Promise<boolean> {
  const { ledger, batchId, tracked } = jobs;
  const orders = await ledger.orders.waiting(batchId);
  for (const order of orders) {
    tracked.rest(order);
    if (order.verb === 'cancel') await withdraw(jobs, order);
    if (order.verb === 'retry') await retry(jobs, order);
    await ledger.orders.obeyed(order);
  }
  return orders.length > 0;
}

async function withdraw({ tracked, running, idle }: OrderedJobs, order: Order): Promise<void> {
  for (const id of tracked.covered(order)) {
    const { state } = tracked.of(id);
    if (state === 'done' || state === 'cancelled') continue;
    if (state === 'running') running.stop({ jobId: id, how: 'cancel', reason: `cancelled by ${order.by}` });
    else await idle.cancel(id);
  }
}

async function retry({ ledger, tracked }: OrderedJobs, order: Order): Promise<void> {
  const again = tracked.covered(order).filter((id) => ['failed', 'cancelled'].includes(tracked.of(id).state));
  tracked.forget(new Set(again));
  await ledger.nights.forgetFailures(again.map((id) => tracked.ledgerId(id)));
  for (const id of again) {
    tracked.change(id, { state: 'waiting', endedAt: null, onHold: false });
    const jobId = tracked.ledgerId(id);
    if (tracked.planned(id).record.rollback === null) await ledger.setState(jobId, 'planned');
    else await ledger.rollbacks.forget(jobId);
  }
}
