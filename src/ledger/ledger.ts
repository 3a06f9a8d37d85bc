import { type Selectable, sql } from 'kysely';
import { XenferryError } from '../model/errors.js';
import { AnswerBook } from './answer-book.js';
import { BatchDesk } from './batch-desk.js';
import { countDigests } from './block-journal.js';
import { EventLog } from './event-log.js';
import { GuestFolders } from './guest-folders.js';
import { JobLedger } from './job-ledger.js';
import { type JobRecord, jobRecordOf, type RecordedError } from './job-record.js';
import { changeState, leaseLost } from './job-states.js';
import { NightRecords } from './night-records.js';
import { OrderBook } from './order-book.js';
import type { LedgerPlace } from './place.js';
import { Rollbacks } from './rollbacks.js';
import { ScheduleBook } from './schedule-book.js';
import type { JobState, LedgerSchema } from './schema.js';
import { SourceChanges } from './source-changes.js';
import { SqliteStore } from './sqlite-store.js';
import type { LedgerStore, TargetLock } from './store.js';
import { TokenBook } from './token-book.js';
import { LedgerViews } from './views.js';
import { WarmMoves } from './warm-moves.js';
import { WorkerRegister } from './worker-register.js';

/** Rows of one statement: SQLite takes 32,766 values, PostgreSQL twice as many. */
const CHUNK = 500;

/** What is moved, and where to. */
export interface BatchSpec {
  /** JSON. */
  readonly sources: string;
  /** Absolute path of the target folder. */
  readonly target: string;
  /** The model's Destination as JSON. */
  readonly destination: string;
  /** JSON: how machines are made, for workers elsewhere. */
  readonly ways?: string | undefined;
}

export interface BatchRecord {
  readonly id: number;
  readonly sources: string;
  /** Absolute path of the target folder. */
  readonly target: string;
  /** Null in a batch from before there were several. */
  readonly destination: string | null;
  /** Null in a batch from before, until its next run. */
  readonly ways: string | null;
  readonly startedAt: number;
  readonly finishedAt: number | null;
}

/** A job as it is to be: what the plan says and what its source files are. */
export interface JobSpec {
  readonly machineId: string;
  /** The model's PlannedMachine as JSON. */
  readonly planned: string;
  readonly fingerprint: string;
  /** Of what its guest may be mended anew over; left out: never. */
  readonly base?: string | undefined;
  /** At the target. */
  readonly name: string;
  readonly wave: string;
  readonly dataBytes: number;
}

const NEW_JOB = {
  state: 'planned',
  error: null,
  output_bytes: null,
  refix: 0,
  landed: null,
  notes: null,
  fence: 0,
  worker: null,
  offer: null,
  stop: null,
  source_version: null,
  bandwidth: null,
  started_at: null,
  ended_at: null,
  rollback_begun_at: null,
  rolled_back_at: null,
} as const;

/** The durable record of batches, jobs, steps and the journal of finished blocks: of one target folder, or of many. */
export class Ledger {
  readonly orders: OrderBook;
  readonly events: EventLog;
  readonly nights: NightRecords;
  readonly workers: WorkerRegister;
  readonly tokens: TokenBook;
  readonly schedules: ScheduleBook;
  readonly desk: BatchDesk;
  readonly answers: AnswerBook;
  readonly sourceChanges: SourceChanges;
  readonly rollbacks: Rollbacks;
  readonly warmMoves: WarmMoves;
  /** Pages of batches and jobs. */
  readonly views: LedgerViews;
  readonly #store: LedgerStore;
  readonly #locks = new Set<TargetLock>();
  /** Absolute path of the folder that it is below; null for one in PostgreSQL. */
  readonly #place: string | null;
  #tables: Promise<ReadonlySet<string>> | null = null;

  private constructor(place: LedgerPlace, store: LedgerStore) {
    this.#place = 'folder' in place ? place.folder : null;
    this.#store = store;
    const { db, durably } = store;
    this.orders = new OrderBook(db, durably);
    this.events = new EventLog(db, durably);
    this.nights = new NightRecords(db, durably);
    this.workers = new WorkerRegister(store);
    this.tokens = new TokenBook(db, durably);
    this.schedules = new ScheduleBook(db, durably);
    this.desk = new BatchDesk(db, durably);
    this.answers = new AnswerBook(db, durably);
    this.sourceChanges = new SourceChanges(db, durably, () => this.#hasTable('source_changes'));
    this.rollbacks = new Rollbacks(db, durably);
    this.warmMoves = new WarmMoves(db, durably, () => this.#hasTable('cutovers'));
    this.views = new LedgerViews(db);
  }

  /**
   * Opens or makes a ledger for writing: in a folder for this process alone, in PostgreSQL for any number of them.
   * Rejects with TARGET_BUSY, TARGET_UNWRITABLE, CONFIG_INVALID, LEDGER_*.
   */
  static async open(place: LedgerPlace): Promise<Ledger> {
    return new Ledger(
      place,
      'folder' in place ? await SqliteStore.open(place.folder) : await (await postgres()).open(place.url),
    );
  }

  /** Opens a ledger for reading. Rejects with SOURCE_NOT_FOUND when there is none, CONFIG_INVALID, LEDGER_*. */
  static async openForReading(place: LedgerPlace): Promise<Ledger> {
    return new Ledger(
      place,
      'folder' in place
        ? await SqliteStore.openForReading(place.folder)
        : await (await postgres()).openForReading(place.url),
    );
  }

  /** Whether a run has written into the folder. */
  static existsIn(folder: string): boolean {
    return SqliteStore.exists(folder);
  }

  /** Whether it is the folder's own, which has no other target. */
  isIn(folder: string): boolean {
    return this.#place === folder;
  }

  /** Gives back the target folders that it holds, too. */
  async close(): Promise<void> {
    for (const lock of this.#locks) await lock.release();
    await this.#store.close();
  }

  /**
   * Holds a target folder for one run, whichever ledger it is written in. `target`: absolute path. Rejects with
   * TARGET_BUSY while another run holds it, TARGET_UNWRITABLE, LEDGER_*.
   */
  async lockTarget(target: string): Promise<TargetLock> {
    return this.#held(await this.#store.lockTarget(target));
  }

  /** Whether a run that writes a ledger of this kind works on the target folder, an absolute path. */
  async isBusy(target: string): Promise<boolean> {
    return await this.#store.isTargetHeld(target);
  }

  /** Holds the store for one service. Rejects with TARGET_BUSY while another has it, LEDGER_*. */
  async lockService(): Promise<TargetLock> {
    return this.#held(await this.#store.lockService());
  }

  /** UUID by which things elsewhere are known to be of this ledger's jobs; null in one from before pools, only read. */
  async identity(): Promise<string | null> {
    if (!(await this.#hasTable('identity'))) return null;
    const row = await this.#read((db) => db.selectFrom('identity').select('uuid').executeTakeFirst());
    return row?.uuid ?? null;
  }

  /** As `identity`. Rejects with LEDGER_INVALID where there is none. */
  async knownIdentity(): Promise<string> {
    const identity = await this.identity();
    if (identity === null) throw new XenferryError('LEDGER_INVALID', 'the ledger has no identity');
    return identity;
  }

  /** The folders with layers in a target folder that no job goes on with. `target`: absolute path. */
  async orphanedGuestFolders(target: string): Promise<string[]> {
    const folders = await this.#guestFoldersOf(target);
    const known = await this.#read((db) =>
      db
        .selectFrom('jobs')
        .innerJoin('batches', 'batches.id', 'jobs.batch_id')
        .leftJoin('guests', 'guests.job_id', 'jobs.id')
        .select(['jobs.id', 'jobs.fence', 'guests.fence as kept'])
        .where('batches.target', '=', target)
        .execute(),
    );
    // The layers of who holds a job are not written down before they are whole.
    const wanted = new Set(
      known.flatMap(({ id, fence, kept }) => [folders.of(id, fence), folders.of(id, kept ?? fence)]),
    );
    return (await folders.all()).filter((folder) => !wanted.has(folder));
  }

  /** The batch for these sources and this target, made if it is new; it counts as running again. */
  async beginBatch({ sources, target, destination, ways }: BatchSpec): Promise<number> {
    return await this.#store.durably(() =>
      this.#store.db.transaction().execute(async (trx) => {
        // Two runs at once would each make it; SQLite has only one.
        if (this.#store.concurrent) await sql`LOCK TABLE batches IN SHARE ROW EXCLUSIVE MODE`.execute(trx);
        const { last } = await trx
          .selectFrom('batches')
          .select(({ fn }) => fn.max('run').as('last'))
          .executeTakeFirstOrThrow();
        const again = { finished_at: null, destination, run: Number(last ?? 0) + 1, ways: ways ?? null };
        const known = await trx
          .selectFrom('batches')
          .select(['id', 'started_at', 'finished_at', 'run'])
          .where('sources', '=', sources)
          .where('target', '=', target)
          .executeTakeFirst();
        if (known === undefined) {
          const unnamed = { name: null, migration: null, stage: null };
          const { id } = await trx
            .insertInto('batches')
            .values({ sources, target, started_at: Date.now(), ...again, ...unnamed })
            .returning('id')
            .executeTakeFirstOrThrow();
          return id;
        }
        // A killed run left no end: this one goes on with it, and its time counts. A draft has had no run.
        const started_at = known.finished_at === null && known.run > 0 ? known.started_at : Date.now();
        await trx
          .updateTable('batches')
          .set({ ...again, started_at })
          .where('id', '=', known.id)
          .execute();
        return known.id;
      }),
    );
  }

  async finishBatch(batchId: number): Promise<void> {
    await this.#store.durably(() =>
      this.#store.db
        .updateTable('batches')
        .set({ finished_at: Date.now() })
        .where('id', '=', batchId)
        .execute(),
    );
  }

  /** The most recently used batch, of all or of a target folder. */
  async latestBatch(target?: string): Promise<BatchRecord | null> {
    const row = await this.#read((db) => {
      const all = db.selectFrom('batches').selectAll();
      const wanted = target === undefined ? all : all.where('target', '=', target);
      return wanted.orderBy('run', 'desc').limit(1).executeTakeFirst();
    });
    return row === undefined ? null : batchRecordOf(row);
  }

  /** Null for one that there is not. */
  async batch(batchId: number): Promise<BatchRecord | null> {
    const row = await this.#read((db) =>
      db.selectFrom('batches').selectAll().where('id', '=', batchId).executeTakeFirst(),
    );
    return row === undefined ? null : batchRecordOf(row);
  }

  /** Null for one that there is not. */
  async batchOfJob(jobId: number): Promise<BatchRecord | null> {
    const row = await this.#read((db) =>
      db
        .selectFrom('batches')
        .innerJoin('jobs', 'jobs.batch_id', 'batches.id')
        .selectAll('batches')
        .where('jobs.id', '=', jobId)
        .executeTakeFirst(),
    );
    return row === undefined ? null : batchRecordOf(row);
  }

  /**
   * Makes the batch's jobs those of `specs`, in that order. A job that is known with the same fingerprint keeps
   * its state and journal; one whose source or plan changed starts afresh, unless it is one of `refixed`, or waits to be
   * mended anew, and may be; others wait for a run that wants them.
   */
  async enlist(
    batchId: number,
    specs: readonly JobSpec[],
    refixed: ReadonlySet<string> = new Set(),
  ): Promise<void> {
    const wanted = new Map(specs.map((spec) => [spec.machineId, spec]));
    await this.#store.durably(() =>
      this.#store.db.transaction().execute(async (trx) => {
        const known = await trx
          .selectFrom('jobs')
          .select(['id', 'machine_id', 'fingerprint', 'base', 'refix'])
          .where('batch_id', '=', batchId)
          .execute();
        await trx.updateTable('jobs').set({ position: null }).where('batch_id', '=', batchId).execute();
        const changed = known.filter(({ machine_id, fingerprint, base, refix }) => {
          const spec = wanted.get(machine_id);
          if (spec === undefined || spec.fingerprint === fingerprint) return false;
          const stays = base !== null && base === spec.base && (refix !== 0 || refixed.has(machine_id));
          return !stays;
        });
        // What was done at a source is to be undone whatever the machine is planned as now.
        const sources = new Map<string, Selectable<LedgerSchema['source_changes']>[]>();
        for (const rows of chunks(changed)) {
          const ids = rows.map(({ id }) => id);
          const machineIds = new Map(rows.map(({ id, machine_id }) => [id, machine_id]));
          const changes = trx.selectFrom('source_changes').selectAll().where('job_id', 'in', ids);
          for (const change of await changes.orderBy('id').execute()) {
            const machineId = machineIds.get(change.job_id) ?? '';
            sources.set(machineId, [...(sources.get(machineId) ?? []), change]);
          }
          await trx.deleteFrom('jobs').where('id', 'in', ids).execute();
        }
        const jobs = [...wanted.values()].map((spec, position) => ({
          ...NEW_JOB,
          position,
          planned: spec.planned,
          name: spec.name,
          wave: spec.wave,
          data_bytes: spec.dataBytes,
          batch_id: batchId,
          machine_id: spec.machineId,
          fingerprint: spec.fingerprint,
          base: spec.base ?? null,
        }));
        for (const rows of chunks(jobs)) {
          await trx
            .insertInto('jobs')
            .values(rows)
            .onConflict((conflict) =>
              conflict.columns(['batch_id', 'machine_id']).doUpdateSet(({ ref }) => ({
                position: ref('excluded.position'),
                planned: ref('excluded.planned'),
                name: ref('excluded.name'),
                wave: ref('excluded.wave'),
                data_bytes: ref('excluded.data_bytes'),
                fingerprint: ref('excluded.fingerprint'),
                base: ref('excluded.base'),
              })),
            )
            .execute();
        }
        for (const [machineId, changes] of sources) {
          const job = trx.selectFrom('jobs').select('id').where('batch_id', '=', batchId);
          const { id: job_id } = await job.where('machine_id', '=', machineId).executeTakeFirstOrThrow();
          const moved = changes.map(({ id: _, ...change }) => ({ ...change, job_id }));
          await trx.insertInto('source_changes').values(moved).execute();
        }
      }),
    );
  }

  /** The jobs of the batch's last run, in the order of its plan. */
  async jobs(batchId: number): Promise<JobRecord[]> {
    const rows = await this.#read((db) =>
      db
        .selectFrom('jobs')
        .selectAll()
        .where('batch_id', '=', batchId)
        .where('position', 'is not', null)
        .orderBy('position')
        .execute(),
    );
    return rows.map(jobRecordOf);
  }

  /** Throws LEDGER_INVALID for a job that there is no more. */
  async job(jobId: number): Promise<JobRecord> {
    return jobRecordOf(await this.#jobRow(jobId));
  }

  /** Of what its source files were when it was enlisted. Throws LEDGER_INVALID for a job that there is no more. */
  async fingerprint(jobId: number): Promise<string> {
    return (await this.#jobRow(jobId)).fingerprint;
  }

  /**
   * Gives a job to who runs it from now on: whoever held it may write nothing more. `worker`: its name; `offer`: the one
   * that it takes up. Rejects with LEASE_LOST for a job that there is no more, or an offer that is not the last.
   */
  async claim(jobId: number, worker: string, offer?: string): Promise<JobLedger> {
    const now = Date.now();
    const job = await this.#store.durably(() => {
      const claim = this.#store.db
        .updateTable('jobs')
        .set(({ eb, ref }) => ({
          fence: eb('fence', '+', 1),
          worker,
          // What is still to be done with a machine that is there is no new run.
          started_at: eb.case().when('state', '=', 'done').then(ref('started_at')).else(now).end(),
          ended_at: eb.case().when('state', '=', 'done').then(ref('ended_at')).else(null).end(),
        }))
        .where('id', '=', jobId)
        .returning(['fence', 'batch_id']);
      return (offer === undefined ? claim : claim.where('offer', '=', offer)).executeTakeFirst();
    });
    if (job === undefined) throw leaseLost(jobId);
    const { target } = await this.#read((db) =>
      db.selectFrom('batches').select('target').where('id', '=', job.batch_id).executeTakeFirstOrThrow(),
    );
    const guestFolders = await this.#guestFoldersOf(target);
    return new JobLedger(this.#store, { jobId, fence: job.fence, guestFolders });
  }

  /** Has the guest of a machine that nobody runs be mended anew by its next run. */
  async wantRefix(jobId: number): Promise<void> {
    await this.#store.durably(() =>
      this.#store.db.updateTable('jobs').set({ refix: 1 }).where('id', '=', jobId).execute(),
    );
  }

  /** Says what a job is that nobody is to run now: whoever held it may write nothing more. */
  async setState(jobId: number, state: JobState): Promise<void> {
    await this.#settle(jobId, state, null);
  }

  /** As `setState`. */
  async failJob(jobId: number, error: RecordedError): Promise<void> {
    await this.#settle(jobId, 'failed', error);
  }

  async #settle(jobId: number, state: JobState, error: RecordedError | null): Promise<void> {
    await this.#store.durably(() =>
      this.#store.db.transaction().execute((trx) => changeState(trx, jobId, null, { state, error })),
    );
  }

  /** UUIDs of all VMs that were verified in a pool for a target folder. */
  async landedVms(target: string): Promise<Set<string>> {
    const rows = await this.#read((db) =>
      db
        .selectFrom('jobs')
        .innerJoin('batches', 'batches.id', 'jobs.batch_id')
        .select('jobs.landed')
        .where('batches.target', '=', target)
        .where('jobs.landed', 'is not', null)
        .execute(),
    );
    return new Set(rows.flatMap(({ landed }) => landed ?? []));
  }

  async steps(jobId: number): Promise<LedgerSchema['steps'][]> {
    return await this.#read((db) =>
      db.selectFrom('steps').selectAll().where('job_id', '=', jobId).orderBy('started_at').execute(),
    );
  }

  async disks(jobId: number): Promise<LedgerSchema['disks'][]> {
    return await this.#read((db) =>
      db.selectFrom('disks').selectAll().where('job_id', '=', jobId).orderBy('disk').execute(),
    );
  }

  /** What was recorded last; null when the job's guest was never looked at, or before ledgers knew guests. */
  async guest(jobId: number): Promise<string | null> {
    if (!(await this.#hasTable('guests'))) return null;
    const row = await this.#read((db) =>
      db.selectFrom('guests').select('outcome').where('job_id', '=', jobId).executeTakeFirst(),
    );
    return row?.outcome ?? null;
  }

  /** Number of blocks in the journal that hold data, over all disks of a job. */
  async journaledDataBlocks(jobId: number): Promise<number> {
    const rows = await this.#read((db) =>
      db.selectFrom('blocks').select('digests').where('job_id', '=', jobId).execute(),
    );
    return rows.reduce((sum, { digests }) => sum + countDigests(digests), 0);
  }

  #held(lock: TargetLock): TargetLock {
    this.#locks.add(lock);
    const release = async () => {
      if (this.#locks.delete(lock)) await lock.release();
    };
    return { lost: lock.lost, release };
  }

  async #jobRow(jobId: number) {
    const row = await this.#read((db) =>
      db.selectFrom('jobs').selectAll().where('id', '=', jobId).executeTakeFirst(),
    );
    if (row === undefined) throw new XenferryError('LEDGER_INVALID', `the ledger has no job ${jobId}`);
    return row;
  }

  async #guestFoldersOf(target: string): Promise<GuestFolders> {
    return new GuestFolders(target, await this.knownIdentity());
  }

  /** A ledger that is only read may be from before. */
  async #hasTable(wanted: string): Promise<boolean> {
    this.#tables ??= this.#read((db) => db.introspection.getTables()).then(
      (tables) => new Set(tables.map(({ name }) => name)),
    );
    return (await this.#tables).has(wanted);
  }

  async #read<T>(question: (db: LedgerStore['db']) => Promise<T>): Promise<T> {
    return await this.#store.durably(() => question(this.#store.db));
  }
}

/** The driver is loaded where it is needed: a run that keeps its ledger in its target does not pay for it. */
async function postgres() {
  return (await import('./postgres-store.js')).PostgresStore;
}

function* chunks<T>(items: readonly T[]): Generator<T[]> {
  for (let at = 0; at < items.length; at += CHUNK) yield items.slice(at, at + CHUNK);
}

function batchRecordOf(row: Selectable<LedgerSchema['batches']>): BatchRecord {
  return {
    id: row.id,
    sources: row.sources,
    target: row.target,
    // A ledger that is only read may be from before these.
    destination: row.destination ?? null,
    ways: row.ways ?? null,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  };
}
