import type { LedgerViews } from '../ledger/index.js';
import type { JobOutlook, Outlook } from '../model/outlook.js';
import type { OutlookSummary } from './api/batches.js';

/** What the scheduler last said of a batch, and when. */
export interface KnownOutlook extends Outlook {
  /** Milliseconds since 1970. */
  readonly at: number;
}

interface Kept {
  readonly at: number;
  readonly outlook: Promise<KnownOutlook | null>;
}

export interface JobEnd {
  readonly id: number;
  readonly endsAt: number;
}

const MAX_KEPT = 50;

/** The outlooks of batches; each is read and parsed once, however many look at it at the same time. */
export class Outlooks {
  readonly #views: LedgerViews;
  readonly #kept = new Map<number, Kept>();

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

  #read(batchId: number, at: number): Promise<KnownOutlook | null> {
    const kept = this.#kept.get(batchId);
    if (kept?.at === at) return kept.outlook;
    const outlook = this.#parse(batchId);
    this.#kept.delete(batchId);
    this.#kept.set(batchId, { at, outlook });
    // A failure is for those who share it, and for nobody after them.
    outlook.catch(() => this.#kept.delete(batchId));
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MAX_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    return outlook;
  }

  async #parse(batchId: number): Promise<KnownOutlook | null> {
    const row = await this.#views.outlook(batchId);
    return row === null ? null : { ...(JSON.parse(row.data) as Outlook), at: row.at };
  }
}

const ends = new WeakMap<KnownOutlook, readonly JobEnd[]>();

/** Jobs with a forecast, the first to end first; sorted once for each outlook, and not before somebody asks. */
export function jobsByEnd(outlook: KnownOutlook): readonly JobEnd[] {
  const known = ends.get(outlook);
  if (known !== undefined) return known;
  const sorted = Object.entries(outlook.jobs)
    .flatMap(([id, { endsAt }]) => (endsAt === null ? [] : [{ id: Number(id), endsAt }]))
    .sort((one, other) => one.endsAt - other.endsAt || one.id - other.id);
  ends.set(outlook, sorted);
  return sorted;
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
