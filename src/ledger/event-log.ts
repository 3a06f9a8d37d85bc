import type { Kysely } from 'kysely';
import type { EventKind, LedgerSchema } from './schema.js';
import type { Durably } from './store.js';

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
  /** Id of the last that is wanted; the newest when left out. */
  readonly upTo?: number | undefined;
  readonly batchId?: number | undefined;
  readonly jobId?: number | undefined;
  readonly limit: number;
}

/** What happened, in order. */
export class EventLog {
  readonly #db: Kysely<LedgerSchema>;
  readonly #durably: Durably;

  constructor(db: Kysely<LedgerSchema>, durably: Durably) {
    this.#db = db;
    this.#durably = durably;
  }

  async append(event: EventSpec): Promise<void> {
    await this.#durably(() => insertEvent(this.#db, event, Date.now()));
  }

  /** Oldest first. */
  async read({ after, upTo, batchId, jobId, limit }: EventFilter): Promise<LedgerEvent[]> {
    let query = this.#db.selectFrom('events').selectAll().where('id', '>', after);
    if (upTo !== undefined) query = query.where('id', '<=', upTo);
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

/** Notes an event in the transaction that makes it so. `at`: milliseconds since 1970. */
export async function insertEvent(
  db: Kysely<LedgerSchema>,
  { batchId, jobId, kind, data }: EventSpec,
  at: number,
): Promise<void> {
  const event = { at, batch_id: batchId, job_id: jobId, kind, data: JSON.stringify(data) };
  await db.insertInto('events').values(event).execute();
}
