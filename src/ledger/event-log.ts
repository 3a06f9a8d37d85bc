import type { Kysely } from 'kysely';
import type { EventKind, LedgerSchema } from './schema.js';

export interface EventSpec {
  readonly batchId: number | null;
  readonly jobId: number | null;
  readonly kind: EventKind;
  /** Anything that JSON can hold. */
  readonly data: unknown;
}

export interface LedgerEvent extends EventSpec {
  /** Grows from one event to the next. */
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface EventFilter {
  /** Id of the last event that is known already; 0 for none. */
  readonly after: number;
  readonly batchId?: number | undefined;
  readonly jobId?: number | undefined;
  readonly limit: number;
}

/** What happened, in order. */
export class EventLog {
  readonly #db: Kysely<LedgerSchema>;
  readonly #durably: <T>(action: () => Promise<T>) => Promise<T>;

  constructor(db: Kysely<LedgerSchema>, durably: <T>(action: () => Promise<T>) => Promise<T>) {
    this.#db = db;
    this.#durably = durably;
  }

  async append(event: EventSpec): Promise<void> {
    await this.#durably(() => this.#db.insertInto('events').values(rowOf(event)).execute());
  }

  /** Oldest first. */
  async read({ after, batchId, jobId, limit }: EventFilter): Promise<LedgerEvent[]> {
    let query = this.#db.selectFrom('events').selectAll().where('id', '>', after);
    if (batchId !== undefined) query = query.where('batch_id', '=', batchId);
    if (jobId !== undefined) query = query.where('job_id', '=', jobId);
    const rows = await query.orderBy('id').limit(limit).execute();
    return rows.map((row) => ({
      id: row.id,
      at: row.at,
      batchId: row.batch_id,
      jobId: row.job_id,
      kind: row.kind,
      data: JSON.parse(row.data) as unknown,
    }));
  }

  /** Id of the newest; 0 for none. */
  async last(): Promise<number> {
    const row = await this.#db
      .selectFrom('events')
      .select(({ fn }) => fn.max('id').as('last'))
      .executeTakeFirst();
    return Number(row?.last ?? 0);
  }
}

function rowOf({ batchId, jobId, kind, data }: EventSpec) {
  return { at: Date.now(), batch_id: batchId, job_id: jobId, kind, data: JSON.stringify(data) };
}
