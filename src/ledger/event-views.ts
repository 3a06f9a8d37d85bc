import type { Kysely, Selectable } from 'kysely';
import type { LedgerSchema } from './schema.js';

/** Something that happened; `data` is JSON. */
export interface EventRow {
  readonly id: number;
  readonly at: number;
  readonly batchId: number | null;
  readonly jobId: number | null;
  readonly kind: string;
  readonly data: string;
}

/** How far a job is. Times are milliseconds since 1970. */
export interface ProgressRow {
  readonly jobId: number;
  readonly batchId: number;
  readonly step: string;
  readonly movedBytes: number;
  readonly bytesPerSecond: number;
  readonly at: number;
}

/** What happened, and how far running jobs are. */
export class EventViews {
  readonly #db: Kysely<LedgerSchema>;

  constructor(db: Kysely<LedgerSchema>) {
    this.#db = db;
  }

  /** Id of the newest; 0 when there is none. */
  async newest(): Promise<number> {
    const row = await this.#db
      .selectFrom('events')
      .select(({ fn }) => fn.max('id').as('id'))
      .executeTakeFirst();
    return Number(row?.id ?? 0);
  }

  /** Oldest first: those with an id above `after` and at most `upTo`, of one batch where it is given. */
  async between(after: number, upTo: number, limit: number, batchId: number | null): Promise<EventRow[]> {
    let query = this.#events().where('id', '>', after).where('id', '<=', upTo).orderBy('id').limit(limit);
    if (batchId !== null) query = query.where('batch_id', '=', batchId);
    return (await query.execute()).map(eventOf);
  }

  /** Oldest first: those of a job with an id above `after`. */
  async ofJob(jobId: number, after: number, limit: number): Promise<EventRow[]> {
    const rows = await this.#events()
      .where('job_id', '=', jobId)
      .where('id', '>', after)
      .orderBy('id')
      .limit(limit)
      .execute();
    return rows.map(eventOf);
  }

  /** What jobs said after `at`. */
  async progressSince(at: number, limit: number): Promise<ProgressRow[]> {
    const rows = await this.#db
      .selectFrom('progress')
      .innerJoin('jobs', 'jobs.id', 'progress.job_id')
      .select([
        'progress.job_id',
        'jobs.batch_id',
        'progress.step',
        'progress.moved_bytes',
        'progress.bytes_per_second',
        'progress.at',
      ])
      .where('progress.at', '>', at)
      .orderBy('progress.at')
      .limit(limit)
      .execute();
    return rows.map(({ job_id, batch_id, step, moved_bytes, bytes_per_second, at: said }) => ({
      jobId: job_id,
      batchId: batch_id,
      step,
      movedBytes: moved_bytes,
      bytesPerSecond: bytes_per_second,
      at: said,
    }));
  }

  #events() {
    return this.#db.selectFrom('events').selectAll();
  }
}

function eventOf({ id, at, batch_id, job_id, kind, data }: Selectable<LedgerSchema['events']>): EventRow {
  return { id, at, batchId: batch_id, jobId: job_id, kind, data };
}
