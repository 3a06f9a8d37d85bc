import type { Kysely, Selectable } from 'kysely';
import type { SourceChange } from '../model/live.js';
import type { JobState, LedgerSchema } from './schema.js';
import type { Durably } from './store.js';

/** What is done to a machine that still is in VMware's hands. */
export interface SourceChangeSpec {
  readonly jobId: number;
  readonly kind: SourceChange;
  /** JSON: what was there before, with all that undoing takes. */
  readonly before: string;
}

export interface SourceChangeRecord extends SourceChangeSpec {
  readonly id: number;
  /** Milliseconds since 1970, as the next two. It was about to be made then: whether it was, the server knows. */
  readonly begunAt: number;
  /** Null: it is not known whether it was made. */
  readonly madeAt: number | null;
  /** Null as long as it stands. */
  readonly undoneAt: number | null;
  /** The machine has moved: it is to stay so. */
  readonly kept: boolean;
}

/** A job that something at its source waits to be undone for. */
export interface UnfinishedSource {
  readonly jobId: number;
  readonly batchId: number;
  readonly state: JobState;
  /** PlannedMachine as JSON. */
  readonly planned: string;
}

/** Whether it stands and is not to stay. */
export function isToUndo({ undoneAt, kept }: SourceChangeRecord): boolean {
  return undoneAt === null && !kept;
}

/**
 * The changes made to sources. Each is written down before it is made, so that a process that dies leaves nothing behind
 * that the next one does not know of.
 */
export class SourceChanges {
  readonly #db: Kysely<LedgerSchema>;
  readonly #durably: Durably;
  readonly #isKnown: () => Promise<boolean>;

  /** `isKnown`: whether the ledger has such changes; one that is only read may be from before. */
  constructor(db: Kysely<LedgerSchema>, durably: Durably, isKnown: () => Promise<boolean>) {
    this.#db = db;
    this.#durably = durably;
    this.#isKnown = isKnown;
  }

  /** Writes down what is about to be done. Its id. */
  async begin({ jobId, kind, before }: SourceChangeSpec): Promise<number> {
    const { id } = await this.#durably(() =>
      this.#db
        .insertInto('source_changes')
        .values({
          job_id: jobId,
          kind,
          before,
          begun_at: Date.now(),
          made_at: null,
          undone_at: null,
          kept: 0,
        })
        .returning('id')
        .executeTakeFirstOrThrow(),
    );
    return id;
  }

  /** `before`, where only the making tells what undoing takes. */
  async made(id: number, before?: string): Promise<void> {
    const told = before === undefined ? {} : { before };
    await this.#set(id, { made_at: Date.now(), ...told });
  }

  async undone(id: number): Promise<void> {
    await this.#set(id, { undone_at: Date.now() });
  }

  /** Those of a job of these kinds that still stand stay. */
  async keep(jobId: number, kinds: readonly SourceChange[]): Promise<void> {
    await this.#durably(() =>
      this.#db
        .updateTable('source_changes')
        .set({ kept: 1 })
        .where('job_id', '=', jobId)
        .where('kind', 'in', [...kinds])
        .where('undone_at', 'is', null)
        .execute(),
    );
  }

  /** The jobs of all batches into a target folder with changes that stand and are not to stay, each with its batch. */
  async jobsToUndo(target: string): Promise<UnfinishedSource[]> {
    if (!(await this.#isKnown())) return [];
    const rows = await this.#db
      .selectFrom('source_changes')
      .innerJoin('jobs', 'jobs.id', 'source_changes.job_id')
      .innerJoin('batches', 'batches.id', 'jobs.batch_id')
      .select(['jobs.id', 'jobs.batch_id', 'jobs.state', 'jobs.planned'])
      .distinct()
      .where('batches.target', '=', target)
      .where('source_changes.undone_at', 'is', null)
      .where('source_changes.kept', '=', 0)
      .orderBy('jobs.id')
      .execute();
    return rows.map(({ id, batch_id, state, planned }) => ({ jobId: id, batchId: batch_id, state, planned }));
  }

  /** Of a job, in their order. */
  async ofJob(jobId: number): Promise<SourceChangeRecord[]> {
    const rows = await this.#db
      .selectFrom('source_changes')
      .selectAll()
      .where('job_id', '=', jobId)
      .orderBy('id')
      .execute();
    return rows.map(sourceChangeOf);
  }

  /** Of all jobs of a batch, in their order. */
  async ofBatch(batchId: number): Promise<SourceChangeRecord[]> {
    if (!(await this.#isKnown())) return [];
    const rows = await this.#db
      .selectFrom('source_changes')
      .innerJoin('jobs', 'jobs.id', 'source_changes.job_id')
      .selectAll('source_changes')
      .where('jobs.batch_id', '=', batchId)
      .orderBy('source_changes.id')
      .execute();
    return rows.map(sourceChangeOf);
  }

  async #set(id: number, values: Partial<Selectable<LedgerSchema['source_changes']>>): Promise<void> {
    await this.#durably(() =>
      this.#db.updateTable('source_changes').set(values).where('id', '=', id).execute(),
    );
  }
}

export function sourceChangeOf({
  id,
  job_id,
  kind,
  before,
  begun_at,
  made_at,
  undone_at,
  kept,
}: Selectable<LedgerSchema['source_changes']>): SourceChangeRecord {
  return {
    id,
    jobId: job_id,
    kind,
    before,
    begunAt: begun_at,
    madeAt: made_at,
    undoneAt: undone_at,
    kept: kept === 1,
  };
}
