import { type ExpressionBuilder, type Kysely, type Selectable, sql } from 'kysely';
import { type RecordedError, type Rollback, rollbackOf } from './job-record.js';
import { type BatchStage, type JobState, type LedgerSchema, RUNNING_STATES } from './schema.js';

import { type SourceChangeRecord, sourceChangeOf } from './source-changes.js';

/** A batch in a list. Times are milliseconds since 1970, sizes bytes. */
export interface BatchRow {
  readonly id: number;
  readonly name: string;
  readonly stage: BatchStage;
  readonly target: string;
  /** The model's Destination as JSON. */
  readonly destination: string | null;
  /** Null before its first run. */
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
}

/** What the jobs of a batch come to. */
export interface BatchCounts {
  readonly byState: ReadonlyMap<JobState, number>;
  /** Of those that are cancelled: taken back to their source, or on the way there. */
  readonly rolledBack: number;
  readonly dataBytes: number;
  readonly movedBytes: number;
  readonly bytesPerSecond: number;
}

export interface JobRow {
  readonly id: number;
  readonly batchId: number;
  readonly machineId: string;
  readonly name: string;
  readonly wave: string;
  /** Order in the plan; null when the last run left it out. */
  readonly position: number | null;
  readonly state: JobState;
  readonly dataBytes: number;
  readonly error: RecordedError | null;
  readonly worker: string | null;
  /** Runs so far. */
  readonly attempts: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly rollback: Rollback | null;
  readonly rolledBackAt: number | null;
  /** What it said last. */
  readonly progress: {
    readonly step: string;
    readonly movedBytes: number;
    readonly bytesPerSecond: number;
  } | null;
}

/** All of a job that no list has. */
export interface JobFile {
  /** PlannedMachine as JSON. */
  readonly planned: string;
  readonly landed: string | null;
  readonly notes: readonly string[];
  /** The coordinator's GuestOutcome as JSON. */
  readonly guest: string | null;
  readonly steps: readonly Selectable<LedgerSchema['steps']>[];
  readonly disks: readonly Selectable<LedgerSchema['disks']>[];
  readonly sourceChanges: readonly SourceChangeRecord[];
  /** Newest first. */
  readonly failures: readonly { readonly at: number; readonly code: string; readonly message: string }[];
}

export interface JobFilter {
  readonly state?: JobState | undefined;
  /** Those that are taken back to their source so far; null: those that are not. */
  readonly rollback?: Rollback | null | undefined;
  readonly wave?: string | undefined;
  /** Part of the name; letter case does not count. */
  readonly search?: string | undefined;
}

/** In the order of the plan, or by name; each with the place after which a page begins. */
export type JobOrder =
  | { readonly by: 'plan'; readonly after: { readonly position: number } | null }
  | { readonly by: 'name'; readonly after: { readonly name: string; readonly id: number } | null };

export interface TimelineRow {
  readonly id: number;
  readonly name: string;
  readonly state: JobState;
  readonly rollback: Rollback | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

export interface WorkerRow {
  readonly name: string;
  readonly startedAt: number;
  readonly beatAt: number;
  readonly endedAt: number | null;
  readonly threads: number;
  readonly slots: number;
}

const JOB_COLUMNS = [
  'jobs.id',
  'jobs.batch_id',
  'jobs.machine_id',
  'jobs.name',
  'jobs.wave',
  'jobs.position',
  'jobs.state',
  'jobs.data_bytes',
  'jobs.error',
  'jobs.worker',
  'jobs.fence',
  'jobs.started_at',
  'jobs.ended_at',
  'jobs.rollback_begun_at',
  'jobs.rolled_back_at',
  'progress.step',
  'progress.moved_bytes',
  'progress.bytes_per_second',
] as const;

const MAX_FAILURES = 100;

/** What is shown of a ledger, in pages whose cost does not grow with the ledger. Machines' plans are not read for lists. */
export class LedgerViews {
  readonly #db: Kysely<LedgerSchema>;

  constructor(db: Kysely<LedgerSchema>) {
    this.#db = db;
  }

  /** Those of the service, newest first: those with an id below `before`. */
  async batches(stages: readonly BatchStage[], before: number, limit: number): Promise<BatchRow[]> {
    const rows = await this.#db
      .selectFrom('batches')
      .select(['id', 'name', 'stage', 'target', 'destination', 'started_at', 'finished_at', 'run'])
      .where('stage', 'in', [...stages])
      .where('id', '<', before)
      .orderBy('id', 'desc')
      .limit(limit)
      .execute();
    return rows.flatMap((row) => batchOf(row) ?? []);
  }

  async batch(id: number): Promise<BatchRow | null> {
    const row = await this.#db
      .selectFrom('batches')
      .select(['id', 'name', 'stage', 'target', 'destination', 'started_at', 'finished_at', 'run'])
      .where('id', '=', id)
      .executeTakeFirst();
    return row === undefined ? null : batchOf(row);
  }

  /** By batch; those without jobs are left out. */
  async counts(batchIds: readonly number[]): Promise<Map<number, BatchCounts>> {
    if (batchIds.length === 0) return new Map();
    const [groups, moving, back] = await Promise.all([
      this.#db
        .selectFrom('jobs')
        .select(({ fn }) => [
          'batch_id',
          'state',
          fn.countAll<number>().as('jobs'),
          fn.sum<number>('data_bytes').as('bytes'),
        ])
        .where('batch_id', 'in', [...batchIds])
        .where('position', 'is not', null)
        .groupBy(['batch_id', 'state'])
        .execute(),
      this.#moving(batchIds),
      this.#rolledBack(batchIds),
    ]);
    const counts = new Map<number, BatchCounts>();
    for (const id of new Set(groups.map(({ batch_id }) => batch_id))) {
      const own = groups.filter(({ batch_id }) => batch_id === id);
      const bytes = (states: typeof own) => states.reduce((sum, group) => sum + Number(group.bytes ?? 0), 0);
      counts.set(id, {
        byState: new Map(own.map(({ state, jobs }) => [state, Number(jobs)])),
        rolledBack: back.get(id) ?? 0,
        dataBytes: bytes(own),
        movedBytes: bytes(own.filter(({ state }) => state === 'done')) + (moving.get(id)?.movedBytes ?? 0),
        bytesPerSecond: moving.get(id)?.bytesPerSecond ?? 0,
      });
    }
    return counts;
  }

  /** A page of a batch's jobs. */
  async jobs(batchId: number, filter: JobFilter, order: JobOrder, limit: number): Promise<JobRow[]> {
    let query = this.#jobRows()
      .where('jobs.batch_id', '=', batchId)
      .where(fits(batchId, filter))
      .limit(limit);
    if (order.by === 'plan') {
      query = query.where('jobs.position', '>', order.after?.position ?? -1).orderBy('jobs.position');
    } else {
      const { after } = order;
      query = query.where('jobs.position', 'is not', null).orderBy('jobs.name').orderBy('jobs.id');
      if (after !== null) {
        query = query.where((eb) =>
          eb.or([
            eb('jobs.name', '>', after.name),
            eb.and([eb('jobs.name', '=', after.name), eb('jobs.id', '>', after.id)]),
          ]),
        );
      }
    }
    return (await query.execute()).map(jobOf);
  }

  /** Those of `ids` that fit, in no order. */
  async jobsOf(batchId: number, ids: readonly number[], filter: JobFilter): Promise<JobRow[]> {
    if (ids.length === 0) return [];
    const rows = await this.#jobRows()
      .where('jobs.id', 'in', [...ids])
      .where(fits(batchId, filter))
      .execute();
    return rows.map(jobOf);
  }

  /** Whether a batch's last run has the wave, or the machine by its id. */
  async hasSubject(batchId: number, scope: 'wave' | 'machine', subject: string): Promise<boolean> {
    const row = await this.#db
      .selectFrom('jobs')
      .select('id')
      .where('batch_id', '=', batchId)
      .where('position', 'is not', null)
      .where(scope === 'wave' ? 'wave' : 'machine_id', '=', subject)
      .limit(1)
      .executeTakeFirst();
    return row !== undefined;
  }

  async job(id: number): Promise<JobRow | null> {
    const row = await this.#jobRows().where('jobs.id', '=', id).executeTakeFirst();
    return row === undefined ? null : jobOf(row);
  }

  /** Null when there is no such job. */
  async jobFile(id: number): Promise<JobFile | null> {
    const db = this.#db;
    const [row, guest, steps, disks, sourceChanges, failures] = await Promise.all([
      db.selectFrom('jobs').select(['planned', 'landed', 'notes']).where('id', '=', id).executeTakeFirst(),
      db.selectFrom('guests').select('outcome').where('job_id', '=', id).executeTakeFirst(),
      db.selectFrom('steps').selectAll().where('job_id', '=', id).orderBy('started_at').execute(),
      db.selectFrom('disks').selectAll().where('job_id', '=', id).orderBy('disk').execute(),
      db.selectFrom('source_changes').selectAll().where('job_id', '=', id).orderBy('id').execute(),
      db
        .selectFrom('failures')
        .select(['at', 'code', 'message'])
        .where('job_id', '=', id)
        .orderBy('id', 'desc')
        .limit(MAX_FAILURES)
        .execute(),
    ]);
    if (row === undefined) return null;
    const { planned, landed, notes } = row;
    return {
      planned,
      landed,
      notes: notes === null ? [] : (JSON.parse(notes) as string[]),
      guest: guest?.outcome ?? null,
      steps,
      disks,
      sourceChanges: sourceChanges.map(sourceChangeOf),
      failures,
    };
  }

  /** Of the first `limit` jobs, in the plan's order. */
  async timeline(batchId: number, limit: number): Promise<TimelineRow[]> {
    const rows = await this.#db
      .selectFrom('jobs')
      .select([
        'id',
        'name',
        'machine_id',
        'state',
        'started_at',
        'ended_at',
        'rollback_begun_at',
        'rolled_back_at',
      ])
      .where('batch_id', '=', batchId)
      .where('position', 'is not', null)
      .orderBy('position')
      .limit(limit)
      .execute();
    return rows.map((row) => ({
      id: row.id,
      name: row.name ?? row.machine_id,
      state: row.state,
      rollback: rollbackOf(row),
      startedAt: row.started_at,
      endedAt: row.ended_at,
    }));
  }

  /** Samples as JSON, oldest first; of more than `limit` every so-manieth. */
  async samples(batchId: number, limit: number): Promise<{ at: number; data: string }[]> {
    const { all } = await this.#db
      .selectFrom('samples')
      .select(({ fn }) => fn.countAll<number>().as('all'))
      .where('batch_id', '=', batchId)
      .executeTakeFirstOrThrow();
    const step = Math.max(1, Math.ceil(Number(all) / limit));
    const numbered = this.#db
      .selectFrom('samples')
      .select(['at', 'data', sql<number>`row_number() OVER (ORDER BY at)`.as('number')])
      .where('batch_id', '=', batchId)
      .as('numbered');
    return await this.#db
      .selectFrom(numbered)
      .select(['at', 'data'])
      .where(sql<boolean>`number % ${sql.lit(step)} = 0`)
      .orderBy('at')
      .execute();
  }

  /** When the scheduler last said something of each batch. */
  async outlookTimes(batchIds: readonly number[]): Promise<Map<number, number>> {
    if (batchIds.length === 0) return new Map();
    const rows = await this.#db
      .selectFrom('outlooks')
      .select(['batch_id', 'at'])
      .where('batch_id', 'in', [...batchIds])
      .execute();
    return new Map(rows.map(({ batch_id, at }) => [batch_id, at]));
  }

  /** The model's Outlook as JSON. */
  async outlook(batchId: number): Promise<{ at: number; data: string } | null> {
    const row = await this.#db
      .selectFrom('outlooks')
      .select(['at', 'data'])
      .where('batch_id', '=', batchId)
      .executeTakeFirst();
    return row ?? null;
  }

  /** Newest first. */
  async workers(limit: number): Promise<WorkerRow[]> {
    const rows = await this.#db
      .selectFrom('workers')
      .selectAll()
      .orderBy('beat_at', 'desc')
      .limit(limit)
      .execute();
    return rows.map(({ name, started_at, beat_at, ended_at, threads, slots }) => ({
      name,
      startedAt: started_at,
      beatAt: beat_at,
      endedAt: ended_at,
      threads,
      slots,
    }));
  }

  /** How often jobs have failed, by code. */
  async failureCounts(): Promise<Map<string, number>> {
    const rows = await this.#db
      .selectFrom('failures')
      .select(({ fn }) => ['code', fn.countAll<number>().as('times')])
      .groupBy('code')
      .execute();
    return new Map(rows.map(({ code, times }) => [code, Number(times)]));
  }

  #jobRows() {
    return this.#db
      .selectFrom('jobs')
      .leftJoin('progress', 'progress.job_id', 'jobs.id')
      .select([...JOB_COLUMNS]);
  }

  /** By batch. */
  async #rolledBack(batchIds: readonly number[]): Promise<Map<number, number>> {
    const rows = await this.#db
      .selectFrom('jobs')
      .select(({ fn }) => ['batch_id', fn.countAll<number>().as('jobs')])
      .where('batch_id', 'in', [...batchIds])
      .where('rollback_begun_at', 'is not', null)
      .where('position', 'is not', null)
      .groupBy('batch_id')
      .execute();
    return new Map(rows.map(({ batch_id, jobs }) => [batch_id, Number(jobs)]));
  }

  /** Of jobs that are neither done nor untouched. */
  async #moving(
    batchIds: readonly number[],
  ): Promise<Map<number, { movedBytes: number; bytesPerSecond: number }>> {
    const rows = await this.#db
      .selectFrom('jobs')
      .innerJoin('progress', 'progress.job_id', 'jobs.id')
      .select(['jobs.batch_id', 'jobs.state'])
      .select(({ fn }) => [
        fn.sum<number>('progress.moved_bytes').as('moved'),
        fn.sum<number>('progress.bytes_per_second').as('rate'),
      ])
      .where('jobs.batch_id', 'in', [...batchIds])
      .where('jobs.state', 'in', [...RUNNING_STATES, 'paused'])
      .where('jobs.position', 'is not', null)
      .groupBy(['jobs.batch_id', 'jobs.state'])
      .execute();
    const sums = new Map<number, { movedBytes: number; bytesPerSecond: number }>();
    for (const { batch_id, state, moved, rate } of rows) {
      const sum = sums.get(batch_id) ?? { movedBytes: 0, bytesPerSecond: 0 };
      sums.set(batch_id, {
        movedBytes: sum.movedBytes + Number(moved),
        bytesPerSecond: sum.bytesPerSecond + (state === 'paused' ? 0 : Number(rate)),
      });
    }
    return sums;
  }
}

function batchOf(
  row: Pick<
    Selectable<LedgerSchema['batches']>,
    'id' | 'name' | 'stage' | 'target' | 'destination' | 'started_at' | 'finished_at' | 'run'
  >,
): BatchRow | null {
  const { id, name, stage, target, destination, started_at, finished_at, run } = row;
  if (stage === null) return null;
  return {
    id,
    name: name ?? '',
    stage,
    target,
    destination,
    startedAt: run === 0 ? null : started_at,
    finishedAt: finished_at,
  };
}

interface RawJob {
  id: number;
  batch_id: number;
  machine_id: string;
  name: string | null;
  wave: string | null;
  position: number | null;
  state: JobState;
  data_bytes: number | null;
  error: string | null;
  worker: string | null;
  fence: number;
  started_at: number | null;
  ended_at: number | null;
  rollback_begun_at: number | null;
  rolled_back_at: number | null;
  step: string | null;
  moved_bytes: number | null;
  bytes_per_second: number | null;
}

function jobOf(row: RawJob): JobRow {
  const { step, moved_bytes, bytes_per_second } = row;
  return {
    id: row.id,
    batchId: row.batch_id,
    machineId: row.machine_id,
    name: row.name ?? row.machine_id,
    wave: row.wave ?? '',
    position: row.position,
    state: row.state,
    dataBytes: row.data_bytes ?? 0,
    error: row.error === null ? null : (JSON.parse(row.error) as RecordedError),
    worker: row.worker,
    attempts: row.fence,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    rollback: rollbackOf(row),
    rolledBackAt: row.rolled_back_at,
    progress:
      step === null ? null : { step, movedBytes: moved_bytes ?? 0, bytesPerSecond: bytes_per_second ?? 0 },
  };
}

function fits(batchId: number, { state, rollback, wave, search }: JobFilter) {
  return (eb: ExpressionBuilder<Pick<LedgerSchema, 'jobs'>, 'jobs'>) => {
    return eb.and([
      ...(state === undefined ? [] : [eb('jobs.state', '=', state)]),
      ...(rollback === undefined ? [] : rolledBackSo(eb, rollback)),
      ...(wave === undefined ? [] : [eb('jobs.wave', '=', wave)]),
      ...(search === undefined ? [] : [nameContains(batchId, search)]),
    ]);
  };
}

function rolledBackSo(eb: ExpressionBuilder<Pick<LedgerSchema, 'jobs'>, 'jobs'>, rollback: Rollback | null) {
  return [
    eb('jobs.rollback_begun_at', rollback === null ? 'is' : 'is not', null),
    eb('jobs.rolled_back_at', rollback === 'done' ? 'is not' : 'is', null),
  ];
}

/** By way of the index on names: rows are long. */
function nameContains(batchId: number, part: string) {
  const pattern = `%${part.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;
  return sql<boolean>`jobs.id IN (SELECT named.id FROM jobs AS named WHERE named.batch_id = ${batchId} AND lower(named.name) LIKE ${pattern} ESCAPE '\\')`;
}
