import type { Kysely } from 'kysely';
import type { LedgerSchema } from './schema.js';
import type { Durably } from './store.js';

/** A schedule as it is kept; `spec` is JSON. Times are milliseconds since 1970. */
export interface ScheduleRecord {
  readonly id: number;
  readonly name: string;
  readonly spec: string;
  readonly enabled: boolean;
  readonly lastAt: number | null;
  readonly lastResult: string | null;
}

type ScheduleSpec = Pick<ScheduleRecord, 'name' | 'spec' | 'enabled'>;

/** Batches that begin by the clock. */
export class ScheduleBook {
  readonly #db: Kysely<LedgerSchema>;
  readonly #durably: Durably;

  constructor(db: Kysely<LedgerSchema>, durably: Durably) {
    this.#db = db;
    this.#durably = durably;
  }

  async list(): Promise<ScheduleRecord[]> {
    const rows = await this.#db.selectFrom('schedules').selectAll().orderBy('id').execute();
    return rows.map(({ id, name, spec, enabled, last_at, last_result }) => ({
      id,
      name,
      spec,
      enabled: enabled === 1,
      lastAt: last_at,
      lastResult: last_result,
    }));
  }

  /** Its id; null when another has that name. */
  async add({ name, spec, enabled }: ScheduleSpec): Promise<number | null> {
    const row = await this.#durably(() =>
      this.#db
        .insertInto('schedules')
        .values({ name, spec, enabled: enabled ? 1 : 0, last_at: null, last_result: null })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .returning('id')
        .executeTakeFirst(),
    );
    return row?.id ?? null;
  }

  /** Whether no other has that name. */
  async replace(id: number, { name, spec, enabled }: ScheduleSpec): Promise<boolean> {
    return await this.#durably(() =>
      this.#db.transaction().execute(async (trx) => {
        const other = await trx
          .selectFrom('schedules')
          .select('id')
          .where('name', '=', name)
          .where('id', '<>', id)
          .executeTakeFirst();
        if (other !== undefined) return false;
        await trx
          .updateTable('schedules')
          .set({ name, spec, enabled: enabled ? 1 : 0 })
          .where('id', '=', id)
          .execute();
        return true;
      }),
    );
  }

  /** Whether there was one to remove. */
  async remove(id: number): Promise<boolean> {
    const gone = await this.#durably(() =>
      this.#db.deleteFrom('schedules').where('id', '=', id).returning('id').execute(),
    );
    return gone.length > 0;
  }

  /** Notes that its time at `at` is over, and what came of it: one sentence; `spec` where that changed. */
  async noteRun(id: number, at: number, result: string, spec?: string): Promise<void> {
    await this.#durably(() =>
      this.#db
        .updateTable('schedules')
        .set({ last_at: at, last_result: result, ...(spec !== undefined && { spec }) })
        .where('id', '=', id)
        .execute(),
    );
  }
}
