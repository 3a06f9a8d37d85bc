import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Kysely, Migrator, sql } from 'kysely';
import { systemErrorCode, XenferryError } from '../model/errors.js';
import { AnswerBook } from './answer-book.js';
import { Ballast } from './ballast.js';
import { BatchDesk } from './batch-desk.js';
import { countDigests, LedgerBlockJournal } from './block-journal.js';
import { EventViews } from './event-views.js';
import { LedgerLock } from './ledger-lock.js';
import type { RecordedError } from './recorded-error.js';
import { ScheduleBook } from './schedule-book.js';
import { type JobState, type LedgerSchema, MIGRATIONS, type StepName } from './schema.js';
import { SqliteDialect } from './sqlite-dialect.js';
import { TokenBook } from './token-book.js';
import { LedgerViews } from './views.js';

const LEDGER_FOLDER = '.xenferry';

/** What is moved, and where to. */
export interface BatchSpec {
  /** JSON. */
  readonly sources: string;
  /** Absolute path of the target folder. */
  readonly target: string;
  /** The model's Destination as JSON. */
  readonly destination: string;
}

/** A job as it is to be: what the plan says and what its source files are. */
export interface JobSpec {
  readonly machineId: string;
  /** The model's PlannedMachine as JSON. */
  readonly planned: string;
  readonly fingerprint: string;
  /** At the target. */
  readonly name: string;
  readonly wave: string;
  readonly dataBytes: number;
}

const NEW_JOB = {
  state: 'planned',
  error: null,
  output_bytes: null,
  landed: null,
  notes: null,
  fence: 0,
  worker: null,
  started_at: null,
  ended_at: null,
} as const;

export interface JobRecord {
  readonly id: number;
  readonly machineId: string;
  readonly state: JobState;
  readonly planned: string;
  readonly error: RecordedError | null;
  readonly outputBytes: number | null;
  /** UUID of the VM that the machine became in a pool. */
  readonly landed: string | null;
  /** What the machine lost on its way, one sentence each. */
  readonly notes: readonly string[];
}

/** What came of a machine's move, verified. */
export interface JobOutput {
  readonly outputBytes: number;
  readonly landed?: string | undefined;
  readonly notes?: readonly string[] | undefined;
}

/**
 * The durable record of one target folder: batches, jobs, steps and the journal of finished blocks.
 * One process at a time may write; any number may read.
 */
export class Ledger {
  readonly #db: Kysely<LedgerSchema>;
  readonly #folder: string;
  readonly #lock: LedgerLock | null;
  readonly #ballast: Ballast;

  private constructor(folder: string, lock: LedgerLock | null, db: Kysely<LedgerSchema>, ballast: Ballast) {
    this.#folder = folder;
    this.#db = db;
    this.#lock = lock;
    this.#ballast = ballast;
  }

  /** Opens or makes the ledger of `target` for writing. Throws TARGET_BUSY, TARGET_UNWRITABLE, LEDGER_INVALID. */
  static async open(target: string): Promise<Ledger> {
    const folder = join(target, LEDGER_FOLDER);
    try {
      await mkdir(folder, { recursive: true });
    } catch (cause) {
      throw new XenferryError('TARGET_UNWRITABLE', `cannot be made (${systemErrorCode(cause)})`, {
        file: folder,
        cause,
      });
    }
    const lock = await guard(folder, () => LedgerLock.acquire(join(folder, 'lock')));
    const ballast = new Ballast(join(folder, 'reserve'));
    await guard(folder, () => ballast.take());
    return new Ledger(folder, lock, await openDatabase(folder), ballast);
  }

  /** Opens the ledger of `target` for reading. Throws SOURCE_NOT_FOUND when there is none, LEDGER_INVALID. */
  static async openForReading(target: string, exists: (path: string) => boolean): Promise<Ledger> {
    const folder = join(target, LEDGER_FOLDER);
    if (!exists(databaseFile(folder))) {
      throw new XenferryError('SOURCE_NOT_FOUND', 'no run of xenferry has written here', { file: target });
    }
    // Not migrated: reading must work on a full disk, and beside a run.
    return new Ledger(folder, null, connect(folder), new Ballast(join(folder, 'reserve')));
  }

  /** Whether a run has written into `target`. */
  static existsIn(target: string): boolean {
    return existsSync(databaseFile(join(target, LEDGER_FOLDER)));
  }

  /**
   * Opens the ledger of `target` beside the process that runs it, for short changes of what that process does not
   * change itself. Throws SOURCE_NOT_FOUND when there is none, LEDGER_INVALID.
   */
  static async openBeside(target: string): Promise<Ledger> {
    return await Ledger.openForReading(target, existsSync);
  }

  async close(): Promise<void> {
    await this.#db.destroy();
    await this.#lock?.release();
  }

  /** UUID by which things elsewhere are known to be of this ledger's jobs; null in one from before pools, only read. */
  async identity(): Promise<string | null> {
    if (!(await this.#hasTable('identity'))) return null;
    const row = await this.#db.selectFrom('identity').select('uuid').executeTakeFirst();
    return row?.uuid ?? null;
  }

  /** Absolute path of a folder beside the ledger for the layers on a machine's disks. */
  guestFolder(jobId: number): string {
    return join(this.#folder, 'guests', String(jobId));
  }

  /** The folders of jobs that there are no more. */
  async orphanedGuestFolders(): Promise<string[]> {
    const known = await this.#db.selectFrom('jobs').select('id').execute();
    const ids = new Set(known.map(({ id }) => String(id)));
    const names = await readdir(join(this.#folder, 'guests')).catch(() => []);
    return names.filter((name) => !ids.has(name)).map((name) => join(this.#folder, 'guests', name));
  }

  /** The batch for these sources and this target, made if it is new; it counts as running again. */
  async beginBatch({ sources, target, destination }: BatchSpec): Promise<number> {
    return await this.#durably(async () => {
      const { last } = await this.#db
        .selectFrom('batches')
        .select(({ fn }) => fn.max('run').as('last'))
        .executeTakeFirstOrThrow();
      const run = Number(last ?? 0) + 1;
      const { id } = await this.#db
        .insertInto('batches')
        .values({
          sources,
          target,
          destination,
          started_at: Date.now(),
          finished_at: null,
          run,
          name: null,
          migration: null,
          stage: null,
        })
        .onConflict((conflict) =>
          conflict.columns(['sources', 'target']).doUpdateSet({
            // A killed run left no end: this one goes on with it, and its time counts. A draft has had no run.
            started_at: sql<number>`CASE WHEN batches.finished_at IS NULL AND batches.run > 0 THEN batches.started_at ELSE excluded.started_at END`,
            finished_at: null,
            destination,
            run,
          }),
        )
        .returning('id')
        .executeTakeFirstOrThrow();
      return id;
    });
  }

  async finishBatch(batchId: number): Promise<void> {
    await this.#durably(() =>
      this.#db.updateTable('batches').set({ finished_at: Date.now() }).where('id', '=', batchId).execute(),
    );
  }

  /** The most recently used batch, or the one that is asked for. */
  async latestBatch(batchId?: number): Promise<{
    id: number;
    sources: string;
    destination: string | null;
    startedAt: number;
    finishedAt: number | null;
  } | null> {
    const batches = this.#db.selectFrom('batches').selectAll().orderBy('run', 'desc').limit(1);
    const wanted = batchId === undefined ? batches : batches.where('id', '=', batchId);
    const row = await wanted.executeTakeFirst();
    if (row === undefined) return null;
    const { id, sources, started_at: startedAt, finished_at: finishedAt } = row;
    // A ledger that is only read may be from before.
    return { id, sources, destination: row.destination ?? null, startedAt, finishedAt };
  }

  /**
   * Makes the batch's jobs those of `specs`, in that order. A job that is known with the same fingerprint keeps
   * its state and journal; one whose source or plan changed starts afresh; others wait for a run that wants them.
   */
  async enlist(batchId: number, specs: readonly JobSpec[]): Promise<void> {
    const wanted = new Map(specs.map((spec) => [spec.machineId, spec]));
    await this.#durably(() =>
      this.#db.transaction().execute(async (trx) => {
        const known = await trx
          .selectFrom('jobs')
          .select(['id', 'machine_id', 'fingerprint'])
          .where('batch_id', '=', batchId)
          .execute();
        await trx.updateTable('jobs').set({ position: null }).where('batch_id', '=', batchId).execute();
        for (const job of known) {
          const spec = wanted.get(job.machine_id);
          const changed = spec !== undefined && spec.fingerprint !== job.fingerprint;
          if (changed) await trx.deleteFrom('jobs').where('id', '=', job.id).execute();
        }
        for (const [position, spec] of specs.entries()) {
          const { name, wave, dataBytes, planned } = spec;
          const facts = { position, planned, name, wave, data_bytes: dataBytes };
          await trx
            .insertInto('jobs')
            .values({
              ...NEW_JOB,
              ...facts,
              batch_id: batchId,
              machine_id: spec.machineId,
              fingerprint: spec.fingerprint,
            })
            .onConflict((conflict) => conflict.columns(['batch_id', 'machine_id']).doUpdateSet(facts))
            .execute();
        }
      }),
    );
  }

  /** The jobs of the batch's last run, in the order of its plan. */
  async jobs(batchId: number): Promise<JobRecord[]> {
    const rows = await this.#db
      .selectFrom('jobs')
      .selectAll()
      .where('batch_id', '=', batchId)
      .where('position', 'is not', null)
      .orderBy('position')
      .execute();
    return rows.map((row) => ({
      id: row.id,
      machineId: row.machine_id,
      state: row.state,
      planned: row.planned,
      error: row.error === null ? null : (JSON.parse(row.error) as RecordedError),
      outputBytes: row.output_bytes,
      landed: row.landed ?? null,
      notes: row.notes == null ? [] : (JSON.parse(row.notes) as string[]),
    }));
  }

  /** UUIDs of all VMs that were verified in a pool. */
  async landedVms(): Promise<Set<string>> {
    const rows = await this.#db.selectFrom('jobs').select('landed').where('landed', 'is not', null).execute();
    return new Set(rows.flatMap(({ landed }) => landed ?? []));
  }

  async setState(jobId: number, state: JobState): Promise<void> {
    await this.#durably(() =>
      this.#db.updateTable('jobs').set({ state, error: null }).where('id', '=', jobId).execute(),
    );
  }

  async failJob(jobId: number, error: RecordedError): Promise<void> {
    const { code, message, hint, place } = error;
    await this.#durably(() =>
      this.#db
        .updateTable('jobs')
        .set({ state: 'failed', error: JSON.stringify({ code, message, hint, place }) })
        .where('id', '=', jobId)
        .execute(),
    );
  }

  /** Notes the verified output before it gets its final name, or before its VM may be started. */
  async recordOutput(jobId: number, { outputBytes, landed, notes }: JobOutput): Promise<void> {
    const output = { output_bytes: outputBytes, landed: landed ?? null, notes: JSON.stringify(notes ?? []) };
    await this.#durably(() => this.#db.updateTable('jobs').set(output).where('id', '=', jobId).execute());
  }

  /** Adds to what is told of a machine that is there. */
  async addNotes(jobId: number, more: readonly string[]): Promise<void> {
    if (more.length === 0) return;
    await this.#durably(() =>
      this.#db.transaction().execute(async (trx) => {
        const row = await trx.selectFrom('jobs').select('notes').where('id', '=', jobId).executeTakeFirst();
        const known = row?.notes == null ? [] : (JSON.parse(row.notes) as string[]);
        // A step that is tried again says the same again.
        const notes = JSON.stringify([...new Set([...known, ...more])]);
        await trx.updateTable('jobs').set({ notes }).where('id', '=', jobId).execute();
      }),
    );
  }

  /** Forgets what was done for a job, so that it starts afresh. */
  async resetJob(jobId: number): Promise<void> {
    await this.#durably(() =>
      this.#db.transaction().execute(async (trx) => {
        await trx
          .updateTable('jobs')
          .set({ output_bytes: null, landed: null, notes: null })
          .where('id', '=', jobId)
          .execute();
        for (const table of ['blocks', 'steps', 'disks', 'guests'] as const) {
          await trx.deleteFrom(table).where('job_id', '=', jobId).execute();
        }
      }),
    );
  }

  async startStep(jobId: number, name: StepName): Promise<void> {
    const fresh = { state: 'running', started_at: Date.now(), finished_at: null, bytes: 0 } as const;
    await this.#durably(() =>
      this.#db
        .insertInto('steps')
        .values({ job_id: jobId, name, ...fresh })
        .onConflict((conflict) => conflict.columns(['job_id', 'name']).doUpdateSet(fresh))
        .execute(),
    );
  }

  async finishStep(jobId: number, name: StepName, state: 'done' | 'failed', bytes: number): Promise<void> {
    await this.#durably(() =>
      this.#db
        .updateTable('steps')
        .set({ state, finished_at: Date.now(), bytes })
        .where('job_id', '=', jobId)
        .where('name', '=', name)
        .execute(),
    );
  }

  async steps(jobId: number): Promise<LedgerSchema['steps'][]> {
    return await this.#db
      .selectFrom('steps')
      .selectAll()
      .where('job_id', '=', jobId)
      .orderBy('started_at')
      .execute();
  }

  async recordDisk(disk: LedgerSchema['disks']): Promise<void> {
    const { data_bytes, digest, manifest } = disk;
    await this.#durably(() =>
      this.#db
        .insertInto('disks')
        .values(disk)
        .onConflict((conflict) =>
          conflict.columns(['job_id', 'disk']).doUpdateSet({ data_bytes, digest, manifest }),
        )
        .execute(),
    );
  }

  async disks(jobId: number): Promise<LedgerSchema['disks'][]> {
    return await this.#db
      .selectFrom('disks')
      .selectAll()
      .where('job_id', '=', jobId)
      .orderBy('disk')
      .execute();
  }

  /** `outcome`: JSON. */
  async recordGuest(jobId: number, outcome: string): Promise<void> {
    await this.#durably(() =>
      this.#db
        .insertInto('guests')
        .values({ job_id: jobId, outcome })
        .onConflict((conflict) => conflict.column('job_id').doUpdateSet({ outcome }))
        .execute(),
    );
  }

  /** What was recorded last; null when the job's guest was never looked at, or before ledgers knew guests. */
  async guest(jobId: number): Promise<string | null> {
    if (!(await this.#hasTable('guests'))) return null;
    const row = await this.#db
      .selectFrom('guests')
      .select('outcome')
      .where('job_id', '=', jobId)
      .executeTakeFirst();
    return row?.outcome ?? null;
  }

  /** A ledger that is only read may be from before. */
  async #hasTable(wanted: string): Promise<boolean> {
    const tables = await this.#db.introspection.getTables();
    return tables.some(({ name }) => name === wanted);
  }

  /** Pages of batches and jobs. */
  views(): LedgerViews {
    return new LedgerViews(this.#db);
  }

  eventViews(): EventViews {
    return new EventViews(this.#db);
  }

  tokens(): TokenBook {
    return new TokenBook(this.#db, (action) => this.#durably(action));
  }

  schedules(): ScheduleBook {
    return new ScheduleBook(this.#db, (action) => this.#durably(action));
  }

  /** What operators hand in: batches, orders. */
  desk(): BatchDesk {
    return new BatchDesk(this.#db, (action) => this.#durably(action));
  }

  answers(): AnswerBook {
    return new AnswerBook(this.#db, (action) => this.#durably(action));
  }

  blockJournal(jobId: number, disk: number): LedgerBlockJournal {
    return new LedgerBlockJournal(this.#db, (action) => this.#durably(action), jobId, disk);
  }

  /** Number of blocks in the journal that hold data, over all disks of a job. */
  async journaledDataBlocks(jobId: number): Promise<number> {
    const rows = await this.#db.selectFrom('blocks').select('digests').where('job_id', '=', jobId).execute();
    return rows.reduce((sum, { digests }) => sum + countDigests(digests), 0);
  }

  async clearBlocks(jobId: number): Promise<void> {
    await this.#durably(() => this.#db.deleteFrom('blocks').where('job_id', '=', jobId).execute());
  }

  /** Runs a change; when the disk is full, once more after giving the reserve away. */
  async #durably<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      if (systemErrorCode(error) !== 'SQLITE_FULL') throw ledgerError(error);
    }
    await this.#ballast.drop();
    try {
      return await action();
    } catch (error) {
      throw ledgerError(error);
    }
  }
}

function databaseFile(folder: string): string {
  return join(folder, 'ledger.sqlite');
}

function connect(folder: string): Kysely<LedgerSchema> {
  return new Kysely<LedgerSchema>({ dialect: new SqliteDialect(databaseFile(folder)) });
}

async function openDatabase(folder: string): Promise<Kysely<LedgerSchema>> {
  const db = connect(folder);
  await guard(folder, async () => {
    const { error } = await new Migrator({ db, provider: MIGRATIONS }).migrateToLatest();
    if (error !== undefined) throw error;
  });
  return db;
}

async function guard<T>(folder: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw error instanceof XenferryError ? error : ledgerError(error, folder);
  }
}

function ledgerError(cause: unknown, file?: string): XenferryError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const code = systemErrorCode(cause);
  if (code === 'SQLITE_FULL' || code === 'ENOSPC') {
    return new XenferryError('TARGET_NO_SPACE', 'the target is full: the ledger cannot be written', {
      file,
      cause,
    });
  }
  return new XenferryError('LEDGER_INVALID', `the ledger cannot be used: ${reason}`, { file, cause });
}
