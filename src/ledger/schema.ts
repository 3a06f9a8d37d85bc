import { randomUUID } from 'node:crypto';
import { type Generated, type Kysely, type Migration, type MigrationProvider, sql } from 'kysely';

export type JobState =
  | 'planned'
  | 'fixing'
  | 'converting'
  | 'verifying'
  /** It is there and verified, and is moved or started. */
  | 'finishing'
  | 'done'
  | 'failed'
  | 'cancelled';
export type StepName = 'fix' | 'convert' | 'verify' | 'move' | 'snapshot' | 'start';
export type StepState = 'running' | 'done' | 'failed';

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
    /** Names and versions of the source files; a change starts the job afresh. */
    fingerprint: string;
    /** SerializedError without its stack. */
    error: string | null;
    output_bytes: number | null;
    /** UUID of the VM that the machine became in a pool. */
    landed: string | null;
    /** JSON: sentences about what the machine lost on its way. */
    notes: string | null;
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
  };
  /** What fixups did to a machine's guest. */
  guests: {
    job_id: number;
    /** The coordinator's GuestOutcome. */
    outcome: string;
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
  type: 'blob' | 'text',
): Promise<void> {
  const tables = await db.introspection.getTables();
  const found = tables.find(({ name }) => name === table);
  if (found?.columns.some(({ name }) => name === column) === true) return;
  await db.schema.alterTable(table).addColumn(column, type).execute();
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

/** Every step of the schema's history, in order; steps are never changed once released. */
export const MIGRATIONS: MigrationProvider = {
  getMigrations: async () => ({
    '0001-first': FIRST,
    '0002-block-sha256': BLOCK_SHA256,
    '0003-guests': GUESTS,
    '0004-pools': POOLS,
  }),
};
