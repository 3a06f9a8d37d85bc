import type { Kysely } from 'kysely';
import type { LedgerSchema, WarmPassKind } from './schema.js';
import type { Durably } from './store.js';
import { OF_A_RUN } from './warm-journal.js';

/** One reading of a running machine's disks. Times are milliseconds since 1970. */
export interface WarmPass {
  readonly jobId: number;
  /** From 1. */
  readonly pass: number;
  readonly kind: WarmPassKind;
  readonly begunAt: number;
  /** Null for one that was broken off. */
  readonly endedAt: number | null;
  /** Of the disks, that were written in the pool. */
  readonly bytes: number;
}

/** Times are milliseconds since 1970. */
export interface CutoverRecord {
  readonly jobId: number;
  /** Since when the machine waits for its window; null when it does not. */
  readonly waitingSince: number | null;
  /** When it was asked to shut down for good. */
  readonly downAt: number | null;
  /** When it could be started in the pool. */
  readonly readyAt: number | null;
}

/** Machines that are moved while they run, for all but those who run their jobs. */
export class WarmMoves {
  readonly #db: Kysely<LedgerSchema>;
  readonly #durably: Durably;
  readonly #isKnown: () => Promise<boolean>;

  /** `isKnown`: whether the ledger has such machines; one that is only read may be from before. */
  constructor(db: Kysely<LedgerSchema>, durably: Durably, isKnown: () => Promise<boolean>) {
    this.#db = db;
    this.#durably = durably;
    this.#isKnown = isKnown;
  }

  /** UUIDs of the disks in the pool that jobs of a batch go on with. */
  async keptDisks(batchId: number): Promise<Set<string>> {
    const rows = await this.#durably(() =>
      this.#db
        .selectFrom('warm_disks')
        .innerJoin('jobs', 'jobs.id', 'warm_disks.job_id')
        .select('warm_disks.vdi')
        .where('jobs.batch_id', '=', batchId)
        .execute(),
    );
    return new Set(rows.map(({ vdi }) => vdi));
  }

  /** Ids of the jobs of a batch that have such disks. */
  async onTheirWay(batchId: number): Promise<Set<number>> {
    const rows = await this.#durably(() =>
      this.#db
        .selectFrom('warm_disks')
        .innerJoin('jobs', 'jobs.id', 'warm_disks.job_id')
        .select('warm_disks.job_id')
        .distinct()
        .where('jobs.batch_id', '=', batchId)
        .execute(),
    );
    return new Set(rows.map(({ job_id }) => job_id));
  }

  /** Of all jobs of a batch, in their order. */
  async passesOf(batchId: number): Promise<WarmPass[]> {
    if (!(await this.#isKnown())) return [];
    const rows = await this.#durably(() =>
      this.#db
        .selectFrom('warm_passes')
        .innerJoin('jobs', 'jobs.id', 'warm_passes.job_id')
        .selectAll('warm_passes')
        .where('jobs.batch_id', '=', batchId)
        .orderBy('warm_passes.job_id')
        .orderBy('warm_passes.pass')
        .execute(),
    );
    return rows.map(({ job_id: jobId, pass, kind, begun_at: begunAt, ended_at: endedAt, bytes }) => ({
      jobId,
      pass,
      kind,
      begunAt,
      endedAt,
      bytes,
    }));
  }

  /** Of all jobs of a batch. */
  async cutoversOf(batchId: number): Promise<CutoverRecord[]> {
    if (!(await this.#isKnown())) return [];
    const rows = await this.#durably(() =>
      this.#db
        .selectFrom('cutovers')
        .innerJoin('jobs', 'jobs.id', 'cutovers.job_id')
        .selectAll('cutovers')
        .where('jobs.batch_id', '=', batchId)
        .execute(),
    );
    return rows.map(({ job_id, waiting_since, down_at, ready_at }) => ({
      jobId: job_id,
      waitingSince: waiting_since,
      downAt: down_at,
      readyAt: ready_at,
    }));
  }

  /** Whether a job's run has ended to wait for its window. */
  async awaitsCutover(jobId: number): Promise<boolean> {
    const row = await this.#durably(() =>
      this.#db.selectFrom('cutovers').select('waiting_since').where('job_id', '=', jobId).executeTakeFirst(),
    );
    return row?.waiting_since != null;
  }

  /** How many disks of a job are in the pool. */
  async disksOf(jobId: number): Promise<number> {
    const rows = await this.#durably(() =>
      this.#db.selectFrom('warm_disks').select('disk').where('job_id', '=', jobId).execute(),
    );
    return rows.length;
  }

  /** Has a job that nobody runs begin afresh. */
  async forget(jobId: number): Promise<void> {
    await this.#durably(() =>
      this.#db.transaction().execute(async (trx) => {
        for (const table of OF_A_RUN) await trx.deleteFrom(table).where('job_id', '=', jobId).execute();
      }),
    );
  }

  /** Has all jobs into a target folder that have disks in its pool begin afresh. */
  async forgetAll(target: string): Promise<void> {
    const rows = await this.#durably(() =>
      this.#db
        .selectFrom('warm_disks')
        .innerJoin('jobs', 'jobs.id', 'warm_disks.job_id')
        .innerJoin('batches', 'batches.id', 'jobs.batch_id')
        .select('warm_disks.job_id')
        .distinct()
        .where('batches.target', '=', target)
        .execute(),
    );
    for (const { job_id } of rows) await this.forget(job_id);
  }
}
