import { randomUUID } from 'node:crypto';
import {
  type ColumnDefinitionBuilder,
  type Generated,
  type Kysely,
  type Migration,
  type MigrationProvider,
  sql,
} from 'kysely';
import type { SourceChange } from '../model/live.js';

export type JobState =
  | 'planned'
  | 'fixing'
  | 'converting'
  | 'verifying'
  /** It is there and verified, and is moved or started. */
  | 'finishing'
  /** Stopped, with what it has moved kept. */
  | 'paused'
  | 'done'
  | 'failed'
  | 'cancelled';
/** Of a job that somebody works on. */
export const RUNNING_STATES = [
  'fixing',
  'converting',
  'verifying',
  'finishing',
] as const satisfies readonly JobState[];
export type StepName = 'fix' | 'convert' | 'verify' | 'move' | 'snapshot' | 'start';
/** `first`: all of the disks; `changes`: while the machine runs; `last`: once it is shut down. */
export type WarmPassKind = 'first' | 'changes' | 'last';
export type StepState = 'running' | 'done' | 'failed';
/** `draft`: planned, to be looked at; `queued`: to be run. */
export type BatchStage = 'draft' | 'queued' | 'running' | 'ended';
export type OrderVerb = 'pause' | 'resume' | 'cancel' | 'retry' | 'refix';
export type OrderScope = 'batch' | 'wave' | 'machine';
export type TokenRole = 'viewer' | 'operator' | 'admin';
export type EventKind =
  | 'batch'
  | 'job'
  | 'order'
  | 'obeyed'
  | 'window'
  | 'trouble'
  | 'stuck'
  | 'worker'
  | 'rollback';

/** Of the ledger's tables in PostgreSQL; SQLite has none. */
export const POSTGRES_SCHEMA = 'xenferry';

/** Times are milliseconds since 1970, sizes bytes, JSON columns hold the model's types. */
export interface LedgerSchema {
  /** One per source and target; runs of the same command go on with it. */
  batches: {
    id: Generated<number>;
    sources: string;
    target: string;
    /** The model's Destination; null for one from before there were several. */
    destination: string | null;
    started_at: number;
    finished_at: number | null;
    /** Counts the runs of all batches: the highest is the last. */
    run: number;
    /** As the operator calls it; null for a run from the command line. */
    name: string | null;
    /** Text of the migration file that the service runs; null for a run from the command line. */
    migration: string | null;
    /** Null for a run from the command line. */
    stage: BatchStage | null;
    /** JSON: how its machines are made, for workers elsewhere; null in a batch from before, until its next run. */
    ways: string | null;
    /** 1: somebody has looked at its plan before it was started. */
    looked_at: Generated<number>;
  };
  /** One per machine, or per descriptor that could not be read. */
  jobs: {
    id: Generated<number>;
    batch_id: number;
    machine_id: string;
    /** Order in the plan of the last run; null when that run left the machine out. */
    position: number | null;
    state: JobState;
    /** PlannedMachine. */
    planned: string;
    /** Of `planned`, for lists: null in a job from before, until its next run. */
    name: string | null;
    wave: string | null;
    data_bytes: number | null;
    /** Names and versions of the source files; a change starts the job afresh. */
    fingerprint: string;
    /** SerializedError without its stack. */
    error: string | null;
    output_bytes: number | null;
    /** Of what its guest may be mended anew over: sources, name, destination; null in a job from before, until its next run. */
    base: string | null;
    /** 1: its guest is to be mended anew, where the machine is. */
    refix: number;
    /** UUID of the VM that the machine became in a pool. */
    landed: string | null;
    /** JSON: sentences about what the machine lost on its way. */
    notes: string | null;
    /** Raised with each run of the job: who holds an older one may write nothing more. */
    fence: number;
    /** Name of the worker that runs it, or ran it last. */
    worker: string | null;
    /** Of the last time it was offered to workers: an older one is not to be taken up. */
    offer: string | null;
    /** Why whoever runs it is to stop, as a code of errors; null: it is not to. */
    stop: string | null;
    /** Tells its files at the source from others of the same names; null where nobody looks at them beforehand. */
    source_version: string | null;
    /** Bytes a second that whoever runs it may move, for as long as that is heard of; null: no cap is ever kept. */
    bandwidth: number | null;
    /** Of its last run. */
    started_at: number | null;
    ended_at: number | null;
    /** When taking the machine back to its source was begun, and when that was done. */
    rollback_begun_at: number | null;
    rolled_back_at: number | null;
  };
  /** One row. */
  identity: {
    /** Of the ledger: marks what its jobs make elsewhere. */
    uuid: string;
  };
  steps: {
    job_id: number;
    name: StepName;
    state: StepState;
    started_at: number;
    finished_at: number | null;
    /** Guest bytes the step handled. */
    bytes: number;
  };
  disks: {
    job_id: number;
    disk: number;
    data_bytes: number;
    /** Digest of the content, null until converted. */
    digest: string | null;
    /** Name of the manifest's algorithm when the manifest was kept. */
    manifest: string | null;
    /** JSON: runs `[first block, blocks]` of what fixups may have changed; null where it was not noted. */
    mended: string | null;
    /** Digest of what stands at the target as long as the content is there only in part; else null. */
    replaces: string | null;
  };
  /** What fixups did to a machine's guest. */
  guests: {
    job_id: number;
    /** The coordinator's GuestOutcome. */
    outcome: string;
    /** Of who did it: the layers on the disks are in a folder of its own. */
    fence: number;
  };
  /** The journal: blocks that are safely in the partial file, in runs without gaps. */
  blocks: {
    job_id: number;
    disk: number;
    first_block: number;
    unit_bits: Buffer;
    /** Little-endian XXH64 of each block. */
    digests: Buffer;
    /** SHA-256 of each block, where the batch keeps them. */
    sha256: Buffer | null;
  };
  /** The operator's word on a batch. */
  orders: {
    id: Generated<number>;
    batch_id: number;
    at: number;
    /** Who gave it. */
    given_by: string;
    verb: OrderVerb;
    scope: OrderScope;
    /** Name of the wave, or the machine's id; empty for the batch. */
    subject: string;
    /** When the coordinator obeyed; null while it has not. */
    obeyed_at: number | null;
  };
  /** Ends of a job's runs that were not wanted. */
  failures: {
    id: Generated<number>;
    job_id: number;
    at: number;
    /** ErrorCode. */
    code: string;
    message: string;
  };
  /** What happened, in order: ids only grow. */
  events: {
    id: Generated<number>;
    at: number;
    batch_id: number | null;
    job_id: number | null;
    kind: EventKind;
    /** JSON. */
    data: string;
  };
  /** How far a running job has come, by its own word: also its heartbeat. */
  progress: {
    job_id: number;
    step: StepName;
    moved_bytes: number;
    bytes_per_second: number;
    at: number;
    /** When `moved_bytes` or `step` last changed. */
    advanced_at: number;
    /** JSON: names of the target's hosts that it goes through; null in one from before. */
    hosts: string | null;
  };
  /** What the scheduler last said of a batch. */
  outlooks: {
    batch_id: number;
    at: number;
    /** The coordinator's Outlook as JSON. */
    data: string;
  };
  /** A batch's throughput over time. */
  samples: {
    batch_id: number;
    at: number;
    /** The coordinator's Sample as JSON. */
    data: string;
  };
  workers: {
    name: string;
    started_at: number;
    beat_at: number;
    /** Null while it runs, or has died. */
    ended_at: number | null;
    threads: number;
    /** Machines at a time. */
    slots: number;
  };
  /** Batches that begin by the clock, or when there is something new in a folder. */
  schedules: {
    id: Generated<number>;
    name: string;
    /** The service's Schedule as JSON. */
    spec: string;
    enabled: number;
    last_at: number | null;
    /** What came of the last time, one sentence. */
    last_result: string | null;
  };
  tokens: {
    id: Generated<number>;
    name: string;
    role: TokenRole;
    /** SHA-256 of the token, as hexadecimal digits. */
    digest: string;
    created_at: number;
    expires_at: number | null;
    last_used_at: number | null;
  };
  /** What a batch's last planning said. */
  plans: {
    batch_id: number;
    at: number;
    /** The service's PlanDocument as JSON. */
    document: string;
  };
  /** Answers to requests that must not be carried out twice. */
  idempotency_keys: {
    key: string;
    /** Of the token that sent it. */
    token_id: number;
    /** SHA-256 of method, path and body. */
    request: string;
    status: number;
    body: string;
    at: number;
  };
  /** What was done to machines that still are in VMware's hands. */
  source_changes: {
    id: Generated<number>;
    job_id: number;
    kind: SourceChange;
    /** JSON: what undoing it takes. */
    before: string;
    begun_at: number;
    made_at: number | null;
    undone_at: number | null;
    /** 1: it is to stay. */
    kept: number;
  };
  /** Disks of machines that are moved while they run, as far as they are in a pool; `blocks` says what they hold. */
  warm_disks: {
    job_id: number;
    disk: number;
    /** UUIDs of the disk in the pool and of its repository. */
    vdi: string;
    storage: string;
    /** Of the VDI. */
    virtual_bytes: number;
    /** In the source's list of changes: up to there all is in the pool; null: nobody knows what is. */
    change_id: string | null;
    /** JSON: runs `[first block, blocks]` of what was not compared yet; null: nothing was. */
    uncompared: string | null;
    /** JSON: runs of what mending the guest may have changed there since; null: nothing. */
    mended: string | null;
  };
  /** Each time that such disks were read. */
  warm_passes: {
    job_id: number;
    pass: number;
    kind: WarmPassKind;
    begun_at: number;
    /** Null for one that was broken off. */
    ended_at: number | null;
    bytes: number;
  };
  /** How far such machines are beyond that. */
  cutovers: {
    job_id: number;
    /** Since when all but the last changes are there, and it waits for its window; null: it does not. */
    waiting_since: number | null;
    /** When it was asked to shut down for good, and when it could be started in the pool. */
    down_at: number | null;
    ready_at: number | null;
  };
  /** Who has, or waits for, what all that work with the ledger share: a queue for each name. */
  places: {
    id: Generated<number>;
    name: string;
    places: number;
    /** UUID of the wish, which may be written twice. */
    token: string;
    job_id: number;
    /** Of the job's holder that it is of. */
    fence: number;
    beats: number;
  };
}

/** SQLite commits each table on its own: a run killed in between has made some of them, hence `ifNotExists`. */
const FIRST: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('batches')
      .ifNotExists()
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('sources', 'text', (column) => column.notNull())
      .addColumn('target', 'text', (column) => column.notNull())
      .addColumn('started_at', 'integer', (column) => column.notNull())
      .addColumn('finished_at', 'integer')
      .addColumn('run', 'integer', (column) => column.notNull())
      .addUniqueConstraint('batches_identity', ['sources', 'target'])
      .execute();
    await db.schema
      .createTable('jobs')
      .ifNotExists()
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('batch_id', 'integer', (column) =>
        column.notNull().references('batches.id').onDelete('cascade'),
      )
      .addColumn('machine_id', 'text', (column) => column.notNull())
      .addColumn('position', 'integer')
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('planned', 'text', (column) => column.notNull())
      .addColumn('fingerprint', 'text', (column) => column.notNull())
      .addColumn('error', 'text')
      .addColumn('output_bytes', 'integer')
      .addUniqueConstraint('jobs_identity', ['batch_id', 'machine_id'])
      .execute();
    await db.schema
      .createTable('steps')
      .ifNotExists()
      .addColumn('job_id', 'integer', (column) => column.notNull().references('jobs.id').onDelete('cascade'))
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('started_at', 'integer', (column) => column.notNull())
      .addColumn('finished_at', 'integer')
      .addColumn('bytes', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('steps_key', ['job_id', 'name'])
      .execute();
    await db.schema
      .createTable('disks')
      .ifNotExists()
      .addColumn('job_id', 'integer', (column) => column.notNull().references('jobs.id').onDelete('cascade'))
      .addColumn('disk', 'integer', (column) => column.notNull())
      .addColumn('data_bytes', 'integer', (column) => column.notNull())
      .addColumn('digest', 'text')
      .addColumn('manifest', 'text')
      .addPrimaryKeyConstraint('disks_key', ['job_id', 'disk'])
      .execute();
    await db.schema
      .createTable('blocks')
      .ifNotExists()
      .addColumn('job_id', 'integer', (column) => column.notNull().references('jobs.id').onDelete('cascade'))
      .addColumn('disk', 'integer', (column) => column.notNull())
      .addColumn('first_block', 'integer', (column) => column.notNull())
      .addColumn('unit_bits', 'blob', (column) => column.notNull())
      .addColumn('digests', 'blob', (column) => column.notNull())
      .addPrimaryKeyConstraint('blocks_key', ['job_id', 'disk', 'first_block'])
      .execute();
  },
};

async function addColumn(
  db: Kysely<unknown>,
  table: string,
  column: string,
  type: 'blob' | 'text' | 'bigint',
  standard?: number,
): Promise<void> {
  const tables = await db.introspection.getTables();
  const found = tables.find(
    ({ name, schema }) => name === table && (schema === undefined || schema === POSTGRES_SCHEMA),
  );
  if (found?.columns.some(({ name }) => name === column) === true) return;
  await db.schema
    .alterTable(table)
    .addColumn(column, type, (definition) =>
      standard === undefined ? definition : definition.notNull().defaultTo(standard),
    )
    .execute();
}

const BLOCK_SHA256: Migration = {
  up: (db: Kysely<unknown>) => addColumn(db, 'blocks', 'sha256', 'blob'),
};

const GUESTS: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('guests')
      .ifNotExists()
      .addColumn('job_id', 'integer', (column) =>
        column.primaryKey().references('jobs.id').onDelete('cascade'),
      )
      .addColumn('outcome', 'text', (column) => column.notNull())
      .execute();
  },
};

const POOLS: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await addColumn(db, 'batches', 'destination', 'text');
    await addColumn(db, 'jobs', 'landed', 'text');
    await addColumn(db, 'jobs', 'notes', 'text');
    await db.schema
      .createTable('identity')
      .ifNotExists()
      .addColumn('uuid', 'text', (column) => column.notNull())
      .execute();
    await sql`INSERT INTO identity (uuid) SELECT ${randomUUID()} WHERE NOT EXISTS (SELECT 1 FROM identity)`.execute(
      db,
    );
  },
};

const NIGHTS: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const column of ['name', 'migration', 'stage', 'ways'])
      await addColumn(db, 'batches', column, 'text');
    await addColumn(db, 'jobs', 'name', 'text');
    await addColumn(db, 'jobs', 'wave', 'text');
    await addColumn(db, 'jobs', 'data_bytes', 'bigint');
    await addColumn(db, 'jobs', 'fence', 'bigint', 0);
    await addColumn(db, 'jobs', 'worker', 'text');
    await addColumn(db, 'jobs', 'offer', 'text');
    await addColumn(db, 'jobs', 'stop', 'text');
    await addColumn(db, 'guests', 'fence', 'bigint', 0);
    await addColumn(db, 'jobs', 'started_at', 'bigint');
    await addColumn(db, 'jobs', 'ended_at', 'bigint');
    const batchId = (column: ColumnDefinitionBuilder) => column.references('batches.id').onDelete('cascade');
    const jobId = (column: ColumnDefinitionBuilder) => column.references('jobs.id').onDelete('cascade');
    const needed = (column: ColumnDefinitionBuilder) => column.notNull();
    await db.schema
      .createTable('orders')
      .ifNotExists()
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('batch_id', 'integer', (column) => batchId(column).notNull())
      .addColumn('at', 'bigint', needed)
      .addColumn('given_by', 'text', needed)
      .addColumn('verb', 'text', needed)
      .addColumn('scope', 'text', needed)
      .addColumn('subject', 'text', needed)
      .addColumn('obeyed_at', 'bigint')
      .execute();
    await db.schema
      .createTable('failures')
      .ifNotExists()
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('job_id', 'integer', (column) => jobId(column).notNull())
      .addColumn('at', 'bigint', needed)
      .addColumn('code', 'text', needed)
      .addColumn('message', 'text', needed)
      .execute();
    await db.schema
      .createTable('events')
      .ifNotExists()
      .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
      .addColumn('at', 'bigint', needed)
      .addColumn('batch_id', 'integer', batchId)
      .addColumn('job_id', 'integer', jobId)
      .addColumn('kind', 'text', needed)
      .addColumn('data', 'text', needed)
      .execute();
    await db.schema
      .createTable('progress')
      .ifNotExists()
      .addColumn('job_id', 'integer', (column) => jobId(column).primaryKey())
      .addColumn('step', 'text', needed)
      .addColumn('moved_bytes', 'bigint', needed)
      .addColumn('bytes_per_second', 'bigint', needed)
      .addColumn('at', 'bigint', needed)
      .addColumn('advanced_at', 'bigint', needed)
      .execute();
    await db.schema
      .createTable('outlooks')
      .ifNotExists()
      .addColumn('batch_id', 'integer', (column) => batchId(column).primaryKey())
      .addColumn('at', 'bigint', needed)
      .addColumn('data', 'text', needed)
      .execute();
    await db.schema
      .createTable('samples')
      .ifNotExists()
      .addColumn('batch_id', 'integer', (column) => batchId(column).notNull())
      .addColumn('at', 'bigint', needed)
      .addColumn('data', 'text', needed)
      .addPrimaryKeyConstraint('samples_key', ['batch_id', 'at'])
      .execute();
    await db.schema
      .createTable('workers')
      .ifNotExists()
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('started_at', 'bigint', needed)
      .addColumn('beat_at', 'bigint', needed)
      .addColumn('ended_at', 'bigint')
      .addColumn('threads', 'integer', needed)
      .addColumn('slots', 'integer', needed)
      .execute();
    await db.schema
      .createTable('schedules')
      .ifNotExists()
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('name', 'text', (column) => column.notNull().unique())
      .addColumn('spec', 'text', needed)
      .addColumn('enabled', 'integer', needed)
      .addColumn('last_at', 'bigint')
      .addColumn('last_result', 'text')
      .execute();
    await db.schema
      .createTable('tokens')
      .ifNotExists()
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('name', 'text', (column) => column.notNull().unique())
      .addColumn('role', 'text', needed)
      .addColumn('digest', 'text', (column) => column.notNull().unique())
      .addColumn('created_at', 'bigint', needed)
      .addColumn('expires_at', 'bigint')
      .addColumn('last_used_at', 'bigint')
      .execute();
    await db.schema
      .createTable('plans')
      .ifNotExists()
      .addColumn('batch_id', 'integer', (column) => batchId(column).primaryKey())
      .addColumn('at', 'bigint', needed)
      .addColumn('document', 'text', needed)
      .execute();
    await db.schema
      .createTable('idempotency_keys')
      .ifNotExists()
      .addColumn('key', 'text', needed)
      .addColumn('token_id', 'integer', (column) =>
        column.notNull().references('tokens.id').onDelete('cascade'),
      )
      .addColumn('request', 'text', needed)
      .addColumn('status', 'integer', needed)
      .addColumn('body', 'text', needed)
      .addColumn('at', 'bigint', needed)
      .addPrimaryKeyConstraint('idempotency_keys_key', ['token_id', 'key'])
      .execute();
    for (const [table, columns] of [
      ['jobs', ['batch_id', 'position']],
      // With all that counts need: `planned` is long, and what stands behind it in a row is slow to reach.
      ['jobs', ['batch_id', 'state', 'position', 'data_bytes']],
      ['jobs', ['batch_id', 'name', 'id']],
      ['orders', ['batch_id', 'obeyed_at']],
      ['failures', ['job_id']],
      ['events', ['batch_id', 'id']],
      ['events', ['job_id', 'id']],
      ['progress', ['at']],
      ['idempotency_keys', ['at']],
    ] as const) {
      await db.schema
        .createIndex(`${table}_${columns.join('_')}`)
        .ifNotExists()
        .on(table)
        .columns([...columns])
        .execute();
    }
  },
};

const REFIXES: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await addColumn(db, 'jobs', 'base', 'text');
    await addColumn(db, 'jobs', 'refix', 'bigint', 0);
    await addColumn(db, 'disks', 'mended', 'text');
    await addColumn(db, 'disks', 'replaces', 'text');
  },
};

const SHARES: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await addColumn(db, 'jobs', 'bandwidth', 'bigint');
  },
};

const LIVE: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    const needed = (column: ColumnDefinitionBuilder) => column.notNull();
    await db.schema
      .createTable('source_changes')
      .ifNotExists()
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('job_id', 'integer', (column) => column.notNull().references('jobs.id').onDelete('cascade'))
      .addColumn('kind', 'text', needed)
      .addColumn('before', 'text', needed)
      .addColumn('begun_at', 'bigint', needed)
      .addColumn('made_at', 'bigint')
      .addColumn('undone_at', 'bigint')
      .addColumn('kept', 'integer', needed)
      .execute();
    await addColumn(db, 'jobs', 'source_version', 'text');
    await db.schema
      .createIndex('source_changes_job_id')
      .ifNotExists()
      .on('source_changes')
      .column('job_id')
      .execute();
  },
};

const ROLLBACKS: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await addColumn(db, 'jobs', 'rollback_begun_at', 'bigint');
    await addColumn(db, 'jobs', 'rolled_back_at', 'bigint');
    // Few are, and rows are long.
    await db.schema
      .createIndex('jobs_rolled_back')
      .ifNotExists()
      .on('jobs')
      .columns(['batch_id', 'position', 'rollback_begun_at'])
      .where('rollback_begun_at', 'is not', null)
      .execute();
  },
};

const WARM: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    const jobId = (column: ColumnDefinitionBuilder) => column.references('jobs.id').onDelete('cascade');
    const needed = (column: ColumnDefinitionBuilder) => column.notNull();
    await db.schema
      .createTable('warm_disks')
      .ifNotExists()
      .addColumn('job_id', 'integer', (column) => jobId(column).notNull())
      .addColumn('disk', 'integer', needed)
      .addColumn('vdi', 'text', needed)
      .addColumn('storage', 'text', needed)
      .addColumn('virtual_bytes', 'bigint', needed)
      .addColumn('change_id', 'text')
      .addColumn('uncompared', 'text')
      .addColumn('mended', 'text')
      .addPrimaryKeyConstraint('warm_disks_key', ['job_id', 'disk'])
      .execute();
    await db.schema
      .createTable('warm_passes')
      .ifNotExists()
      .addColumn('job_id', 'integer', (column) => jobId(column).notNull())
      .addColumn('pass', 'integer', needed)
      .addColumn('kind', 'text', needed)
      .addColumn('begun_at', 'bigint', needed)
      .addColumn('ended_at', 'bigint')
      .addColumn('bytes', 'bigint', needed)
      .addPrimaryKeyConstraint('warm_passes_key', ['job_id', 'pass'])
      .execute();
    await db.schema
      .createTable('cutovers')
      .ifNotExists()
      .addColumn('job_id', 'integer', (column) => jobId(column).primaryKey())
      .addColumn('waiting_since', 'bigint')
      .addColumn('down_at', 'bigint')
      .addColumn('ready_at', 'bigint')
      .execute();
  },
};

const PLACES: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    const needed = (column: ColumnDefinitionBuilder) => column.notNull();
    await db.schema
      .createTable('places')
      .ifNotExists()
      // Never given again: who was cleared away must not take another's place for his own.
      .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
      .addColumn('name', 'text', needed)
      .addColumn('places', 'integer', needed)
      .addColumn('token', 'text', (column) => column.notNull().unique())
      .addColumn('job_id', 'integer', (column) => column.notNull().references('jobs.id').onDelete('cascade'))
      .addColumn('fence', 'bigint', needed)
      .addColumn('beats', 'bigint', needed)
      .execute();
    await addColumn(db, 'progress', 'hosts', 'text');
    await addColumn(db, 'batches', 'looked_at', 'bigint', 0);
  },
};

/** Every step of the schema's history, in order; steps are never changed once released. */
export const MIGRATIONS: MigrationProvider = {
  getMigrations: async () => ({
    '0001-first': FIRST,
    '0002-block-sha256': BLOCK_SHA256,
    '0003-guests': GUESTS,
    '0004-pools': POOLS,
    '0005-nights': NIGHTS,
    '0006-shares': SHARES,
    '0007-refixes': REFIXES,
    '0008-live': LIVE,
    '0009-rollbacks': ROLLBACKS,
    '0010-warm': WARM,
    '0011-places': PLACES,
  }),
};
