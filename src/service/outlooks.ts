import type { LedgerViews } from '../ledger/index.js';
import type { JobOutlook, Outlook } from '../model/outlook.js';
import type { OutlookSummary } from './api/batches.js';

/** What the scheduler last said of a batch, and when. */
export interface KnownOutlook extends Outlook {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Ids of the jobs with a forecast, the first to end first. */
  readonly byEnd: readonly { readonly id: number; readonly endsAt: number }[];
}

const MAX_KEPT = 50;

/** The outlooks of batches; each is parsed once, however often it is looked at. */
export class Outlooks {
  readonly #views: LedgerViews;
  readonly #kept = new Map<number, KnownOutlook>();

  constructor(views: LedgerViews) {
    this.#views = views;
  }

  /** By batch; those of which nothing was said are left out. */
  async of(batchIds: readonly number[]): Promise<Map<number, KnownOutlook>> {
    const found = new Map<number, KnownOutlook>();
    for (const [id, at] of await this.#views.outlookTimes(batchIds)) {
      const outlook = await this.#read(id, at);
      if (outlook !== null) found.set(id, outlook);
    }
    return found;
  }

  async ofBatch(batchId: number): Promise<KnownOutlook | null> {
    return (await this.of([batchId])).get(batchId) ?? null;
  }

  async #read(batchId: number, at: number): Promise<KnownOutlook | null> {
    const kept = this.#kept.get(batchId);
    if (kept?.at === at) return kept;
    const row = await this.#views.outlook(batchId);
    if (row === null) return null;
    const outlook = JSON.parse(row.data) as Outlook;
    const known = { ...outlook, at: row.at, byEnd: byEnd(outlook) };
    this.#kept.delete(batchId);
    this.#kept.set(batchId, known);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MAX_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    return known;
  }
}

function byEnd({ jobs }: Outlook): KnownOutlook['byEnd'] {
  return Object.entries(jobs)
    .flatMap(([id, { endsAt }]) => (endsAt === null ? [] : [{ id: Number(id), endsAt }]))
    .sort((one, other) => one.endsAt - other.endsAt || one.id - other.id);
}

export function outlookSummary(outlook: KnownOutlook): OutlookSummary {
  const { at, endsAt, estimateEndsAt, unfit, bottleneck, window, machinesAtOnce, bandwidth, hops } = outlook;
  return {
    at,
    endsAt,
    estimateEndsAt,
    unfit,
    bottleneck,
    window,
    machinesAtOnce,
    bandwidth,
    hops: hops.map((hop) => ({ ...hop })),
  };
}

export function jobOutlook(outlook: KnownOutlook | null | undefined, jobId: number): JobOutlook | null {
  return outlook?.jobs[String(jobId)] ?? null;
}
