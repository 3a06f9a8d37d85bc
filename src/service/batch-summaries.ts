import {
  type BatchCounts,
  type BatchRow,
  type JobState,
  type LedgerViews,
  RUNNING_STATES,
} from '../ledger/index.js';
import { placeName, readDestination } from '../model/destination.js';
import type { BatchSummary } from './api/batches.js';
import { type KnownOutlook, type Outlooks, outlookSummary } from './outlooks.js';
import { SharedReads } from './shared-reads.js';

/** Many look at the same batches at the same time. */
const SHARED_MS = 500;

/** What lists and pages say of batches. */
export class BatchSummaries {
  readonly #views: LedgerViews;
  readonly #outlooks: Outlooks;
  readonly #counts = new SharedReads<Map<number, BatchCounts>>(SHARED_MS);

  constructor(views: LedgerViews, outlooks: Outlooks) {
    this.#views = views;
    this.#outlooks = outlooks;
  }

  /** In the same order. */
  async of(rows: readonly BatchRow[]): Promise<BatchSummary[]> {
    const ids = rows.map(({ id }) => id);
    const [counts, outlooks] = await Promise.all([
      this.#counts.get(ids.join(), () => this.#views.counts(ids)),
      this.#outlooks.of(ids),
    ]);
    return rows.map((row) => summaryOf(row, counts.get(row.id), outlooks.get(row.id)));
  }
}

function summaryOf(
  row: BatchRow,
  counts: BatchCounts | undefined,
  outlook: KnownOutlook | undefined,
): BatchSummary {
  const { id, name, stage, target, startedAt, finishedAt } = row;
  const number = (...states: readonly JobState[]) =>
    states.reduce((sum, state) => sum + (counts?.byState.get(state) ?? 0), 0);
  const rolledBack = counts?.rolledBack ?? 0;
  const byState = {
    waiting: number('planned'),
    running: number(...RUNNING_STATES),
    paused: number('paused'),
    done: number('done'),
    failed: number('failed'),
    cancelled: number('cancelled') - rolledBack,
    rolledBack,
  };
  return {
    id,
    name,
    stage,
    target,
    destination: placeName(readDestination(row.destination), target),
    startedAt,
    finishedAt: stage === 'running' ? null : finishedAt,
    counts: byState,
    machines: Object.values(byState).reduce((sum, machines) => sum + machines, 0),
    dataBytes: counts?.dataBytes ?? 0,
    movedBytes: counts?.movedBytes ?? 0,
    bytesPerSecond: stage === 'running' ? (counts?.bytesPerSecond ?? 0) : 0,
    onHold: outlook?.onHold ?? false,
    // Of one that has ended nothing is to come.
    outlook: outlook === undefined || stage === 'draft' ? null : outlookSummary(outlook),
  };
}
