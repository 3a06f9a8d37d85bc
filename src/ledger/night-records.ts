import type { Kysely } from 'kysely';
import type { ErrorCode } from '../model/errors.js';
import type { LedgerSchema, StepName } from './schema.js';
import type { Durably } from './store.js';

/** One end of a job's run that was not wanted. */
export interface FailureRecord {
  readonly jobId: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly code: ErrorCode;
  readonly message: string;
}

/** How far a running job has come. */
export interface ProgressRecord {
  readonly jobId: number;
  readonly step: StepName;
  /** Of the machine's data, by this run and earlier ones. */
  readonly movedBytes: number;
  readonly bytesPerSecond: number;
  /** Names of the target's hosts that it goes through; none where that is not known. */
  readonly hosts: readonly string[];
  /** Milliseconds since 1970: the job's heartbeat. */
  readonly at: number;
  /** When it last came on. */
  readonly advancedAt: number;
}

/** As much of it as is told while it runs. */
export interface ProgressRow
  extends Pick<ProgressRecord, 'jobId' | 'step' | 'movedBytes' | 'bytesPerSecond' | 'at'> {
  readonly batchId: number;
}

/** What the scheduler goes by and says: failures, progress, outlooks, samples. */
export class NightRecords {
  readonly #db: Kysely<LedgerSchema>;
  readonly #durably: Durably;

  constructor(db: Kysely<LedgerSchema>, durably: Durably) {
    this.#db = db;
    this.#durably = durably;
  }

  async addFailure({ jobId, at, code, message }: FailureRecord): Promise<void> {
    await this.#durably(() =>
      this.#db.insertInto('failures').values({ job_id: jobId, at, code, message }).execute(),
    );
  }

  /** Oldest first. A ledger that is only read may be from before they were noted. */
  async failures(batchId: number): Promise<FailureRecord[]> {
    if (!(await this.#hasTable('failures'))) return [];
    const rows = await this.#db
      .selectFrom('failures')
      .innerJoin('jobs', 'jobs.id', 'failures.job_id')
      .select(['failures.job_id', 'failures.at', 'failures.code', 'failures.message'])
      .where('jobs.batch_id', '=', batchId)
      .orderBy('failures.id')
      .execute();
    return rows.map(({ job_id: jobId, at, code, message }) => {
      return { jobId, at, code: code as ErrorCode, message };
    });
  }

  /** They count no more: somebody wants the jobs tried again. */
  async forgetFailures(jobIds: readonly number[]): Promise<void> {
    await this.#durably(async () => {
      for (const jobId of jobIds) await this.#db.deleteFrom('failures').where('job_id', '=', jobId).execute();
    });
  }

  async setProgress(records: readonly ProgressRecord[]): Promise<void> {
    if (records.length === 0) return;
    await this.#durably(() =>
      this.#db.transaction().execute(async (trx) => {
        for (const { jobId, step, movedBytes, bytesPerSecond, hosts, at, advancedAt } of records) {
          const facts = {
            step,
            moved_bytes: movedBytes,
            bytes_per_second: Math.round(bytesPerSecond),
            hosts: JSON.stringify(hosts),
            at,
            advanced_at: advancedAt,
          };
          await trx
            .insertInto('progress')
            .values({ job_id: jobId, ...facts })
            .onConflict((conflict) => conflict.column('job_id').doUpdateSet(facts))
            .execute();
        }
      }),
    );
  }

  /** By job; those that never ran have none. */
  async progress(jobIds: readonly number[]): Promise<Map<number, ProgressRecord>> {
    const rows = await this.#db.selectFrom('progress').selectAll().where('job_id', 'in', jobIds).execute();
    return new Map(
      rows.map((row) => [
        row.job_id,
        {
          jobId: row.job_id,
          step: row.step,
          movedBytes: row.moved_bytes,
          bytesPerSecond: row.bytes_per_second,
          hosts: row.hosts === null ? [] : JSON.parse(row.hosts),
          at: row.at,
          advancedAt: row.advanced_at,
        },
      ]),
    );
  }

  /** What jobs of all batches said after `at`, oldest first. */
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
    return rows.map((row) => ({
      jobId: row.job_id,
      batchId: row.batch_id,
      step: row.step,
      movedBytes: row.moved_bytes,
      bytesPerSecond: row.bytes_per_second,
      at: row.at,
    }));
  }

  /** `data`: anything that JSON can hold. */
  async setOutlook(batchId: number, data: unknown): Promise<void> {
    const row = { at: Date.now(), data: JSON.stringify(data) };
    await this.#durably(() =>
      this.#db
        .insertInto('outlooks')
        .values({ batch_id: batchId, ...row })
        .onConflict((conflict) => conflict.column('batch_id').doUpdateSet(row))
        .execute(),
    );
  }

  /** Null for a batch that no scheduler has looked at, or from before there was one. */
  async outlook(batchId: number): Promise<{ readonly at: number; readonly data: unknown } | null> {
    if (!(await this.#hasTable('outlooks'))) return null;
    const row = await this.#db
      .selectFrom('outlooks')
      .select(['at', 'data'])
      .where('batch_id', '=', batchId)
      .executeTakeFirst();
    return row === undefined ? null : { at: row.at, data: JSON.parse(row.data) as unknown };
  }

  /** `data`: anything that JSON can hold. */
  async addSample(batchId: number, at: number, data: unknown): Promise<void> {
    const row = { batch_id: batchId, at, data: JSON.stringify(data) };
    await this.#durably(() =>
      this.#db
        .insertInto('samples')
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
  }

  async #hasTable(wanted: string): Promise<boolean> {
    const tables = await this.#db.introspection.getTables();
    return tables.some(({ name }) => name === wanted);
  }
}
