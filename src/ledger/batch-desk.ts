import { type Kysely, sql } from 'kysely';
import { insertEvent } from './event-log.js';
import type { RecordedError } from './job-record.js';
import type { BatchStage, LedgerSchema } from './schema.js';
import type { Durably } from './store.js';

/** A batch as an operator hands it in. */
export interface FiledBatch {
  readonly name: string;
  /** Text of the migration file. */
  readonly migration: string;
  /** JSON. */
  readonly sources: string;
  /** Absolute path of the target folder. */
  readonly target: string;
  /** The model's Destination as JSON. */
  readonly destination: string;
  /** What planning said, JSON. */
  readonly plan: string;
}

export interface BatchToRun {
  readonly name: string;
  /** Text of the migration file. */
  readonly migration: string;
  readonly stage: BatchStage;
  /** 0 before its first run. */
  readonly run: number;
  /** Whether somebody has looked at its plan before it was started. */
  readonly lookedAt: boolean;
}

const UNDER_WAY: readonly BatchStage[] = ['queued', 'running'];

/** Batches to be run, as operators hand them in. */
export class BatchDesk {
  readonly #db: Kysely<LedgerSchema>;
  readonly #durably: Durably;

  constructor(db: Kysely<LedgerSchema>, durably: Durably) {
    this.#db = db;
    this.#durably = durably;
  }

  /**
   * Files a batch as a draft. The same sources into the same target are the same batch: what is not under way becomes
   * a draft again. Its id; null when it is under way.
   */
  async file({ plan, ...batch }: FiledBatch): Promise<number | null> {
    return await this.#durably(() =>
      this.#db.transaction().execute(async (trx) => {
        const known = await trx
          .selectFrom('batches')
          .select(['id', 'stage'])
          .where('sources', '=', batch.sources)
          .where('target', '=', batch.target)
          .executeTakeFirst();
        if (isUnderWay(known?.stage)) return null;
        const id = known?.id ?? (await insertBatch(trx, batch));
        if (known !== undefined) {
          await trx
            .updateTable('batches')
            .set({ ...batch, stage: 'draft' })
            .where('id', '=', id)
            .execute();
        }
        await keepPlan(trx, id, plan);
        return id;
      }),
    );
  }

  /** Plans a batch anew that nothing else may have changed: false when its stage is not `stage` or another is the same. */
  async refile(id: number, stage: BatchStage, { plan, ...batch }: FiledBatch): Promise<boolean> {
    return await this.#durably(() =>
      this.#db.transaction().execute(async (trx) => {
        const same = await trx
          .selectFrom('batches')
          .select('id')
          .where('sources', '=', batch.sources)
          .where('target', '=', batch.target)
          .where('id', '<>', id)
          .executeTakeFirst();
        if (same !== undefined) return false;
        const changed = await trx
          .updateTable('batches')
          .set(batch)
          .where('id', '=', id)
          .where('stage', '=', stage)
          .returning('id')
          .execute();
        if (changed.length === 0) return false;
        await keepPlan(trx, id, plan);
        return true;
      }),
    );
  }

  /** Moves a batch on; false when it is at none of the stages `from`. */
  async setStage(id: number, from: readonly BatchStage[], to: BatchStage): Promise<boolean> {
    return await this.#durably(() =>
      this.#db.transaction().execute(async (trx) => {
        const changed = await trx
          .updateTable('batches')
          .set({ stage: to })
          .where('id', '=', id)
          .where('stage', 'in', [...from])
          .returning('id')
          .execute();
        if (changed.length === 0) return false;
        await noteStage(trx, id, { stage: to });
        return true;
      }),
    );
  }

  /** Has a batch wait to be run; false when it is at none of the stages `from`. `lookedAt`: whether somebody knows its plan. */
  async queue(id: number, from: readonly BatchStage[], lookedAt: boolean): Promise<boolean> {
    await this.#durably(() =>
      this.#db
        .updateTable('batches')
        .set({ looked_at: lookedAt ? 1 : 0 })
        .where('id', '=', id)
        .where('stage', 'in', [...from])
        .execute(),
    );
    return await this.setStage(id, from, 'queued');
  }

  /** Notes an end that no run has noted; `error`: why it did not even begin. */
  async end(id: number, at: number, error: RecordedError | null): Promise<void> {
    await this.#durably(() =>
      this.#db.transaction().execute(async (trx) => {
        await trx
          .updateTable('batches')
          .set({ stage: 'ended', finished_at: sql<number>`coalesce(finished_at, ${at})` })
          .where('id', '=', id)
          .execute();
        await noteStage(trx, id, { stage: 'ended', error });
      }),
    );
  }

  /** With its jobs and all that was written down about them; false for one that is under way. */
  async remove(id: number): Promise<boolean> {
    const gone = await this.#durably(() =>
      this.#db
        .deleteFrom('batches')
        .where('id', '=', id)
        .where('stage', 'in', ['draft', 'ended'])
        .returning('id')
        .execute(),
    );
    return gone.length > 0;
  }

  /** Batches to be run, those first that a killed run left, then in the order in which they came. */
  async waiting(): Promise<{ id: number; stage: BatchStage }[]> {
    const rows = await this.#db
      .selectFrom('batches')
      .select(['id', 'stage'])
      .where('stage', 'in', [...UNDER_WAY])
      .orderBy(sql`CASE WHEN stage = 'running' THEN 0 ELSE 1 END`)
      .orderBy('id')
      .execute();
    return rows.flatMap(({ id, stage }) => (stage === null ? [] : [{ id, stage }]));
  }

  /** What is to be run; null when there is no such batch, or none of the service's. */
  async filed(id: number): Promise<BatchToRun | null> {
    const row = await this.#db
      .selectFrom('batches')
      .select(['name', 'migration', 'stage', 'run', 'looked_at'])
      .where('id', '=', id)
      .executeTakeFirst();
    if (row === undefined || row.migration === null || row.stage === null) return null;
    const { name, migration, stage, run, looked_at } = row;
    return { name: name ?? '', migration, stage, run, lookedAt: looked_at === 1 };
  }

  /** JSON of what the last planning said. */
  async plan(id: number): Promise<string | null> {
    const row = await this.#db
      .selectFrom('plans')
      .select('document')
      .where('batch_id', '=', id)
      .executeTakeFirst();
    return row?.document ?? null;
  }
}

function isUnderWay(stage: BatchStage | null | undefined): boolean {
  return stage != null && UNDER_WAY.includes(stage);
}

async function insertBatch(db: Kysely<LedgerSchema>, batch: Omit<FiledBatch, 'plan'>): Promise<number> {
  const { id } = await db
    .insertInto('batches')
    .values({ ...batch, stage: 'draft', started_at: 0, finished_at: null, run: 0 })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

async function keepPlan(db: Kysely<LedgerSchema>, batchId: number, document: string): Promise<void> {
  const at = Date.now();
  await db
    .insertInto('plans')
    .values({ batch_id: batchId, at, document })
    .onConflict((conflict) => conflict.column('batch_id').doUpdateSet({ at, document }))
    .execute();
}

async function noteStage(
  db: Kysely<LedgerSchema>,
  batchId: number,
  data: { readonly stage: BatchStage; readonly error?: RecordedError | null },
): Promise<void> {
  await insertEvent(db, { batchId, jobId: null, kind: 'batch', data }, Date.now());
}
