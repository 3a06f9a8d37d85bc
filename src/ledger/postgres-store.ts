import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Kysely, type Migration, Migrator, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { makeFolder } from '../io/make-folder.js';
import { postgresPassword } from '../io/postgres-password.js';
import { type PostgresAddress, postgresAddress } from '../io/postgres-url.js';
import { systemErrorCode, XenferryError } from '../model/errors.js';
import { AdvisoryLock, type Guarded } from './advisory-lock.js';
import { mayPass, postgresError } from './postgres-errors.js';
import { PostgresTypes } from './postgres-types.js';
import { type LedgerSchema, MIGRATIONS, POSTGRES_SCHEMA } from './schema.js';
import type { LedgerStore, TargetLock } from './store.js';

/** What is repeated must come through within this; a database that restarts takes seconds. */
const PATIENCE_MILLISECONDS = 60_000;
const FIRST_PAUSE_MILLISECONDS = 100;
const LONGEST_PAUSE_MILLISECONDS = 5_000;
const CONNECT_MILLISECONDS = 10_000;
const CONNECTIONS = 8;
/** Another program makes the schema at the same time. */
const MADE_MEANWHILE: readonly string[] = ['23505', '42P06', '42P07', '42710'];

/** int8 and numeric: counts, sizes and times, all of which a number holds. */
const NUMBERS: readonly number[] = [20, 1700];
/**
 * Who hangs in a transaction keeps others from the row it has locked, and who is gone without a word keeps its locks:
 * the server ends both within a minute.
 */
const SESSION = {
  search_path: POSTGRES_SCHEMA,
  // What is told to be safe must be so when the server dies, whatever the server's own setting.
  synchronous_commit: 'on',
  idle_in_transaction_session_timeout: 30_000,
  tcp_keepalives_idle: 20,
  tcp_keepalives_interval: 10,
  tcp_keepalives_count: 3,
} as const;

/** A ledger in a PostgreSQL database, in a schema of its own, for any number of processes. */
export class PostgresStore implements LedgerStore {
  readonly db: Kysely<LedgerSchema>;
  readonly concurrent = true;
  readonly #address: PostgresAddress;

  private constructor(address: PostgresAddress, db: Kysely<LedgerSchema>) {
    this.#address = address;
    this.db = db;
  }

  /** Rejects with CONFIG_INVALID, LEDGER_UNREACHABLE, LEDGER_UNAUTHORIZED, LEDGER_INVALID. */
  static async open(url: string): Promise<PostgresStore> {
    return await PostgresStore.#connect(url, async (store) => {
      for (let attempt = 1; ; attempt++) {
        try {
          await makeSchema(store.db);
          return;
        } catch (error) {
          if (attempt === 3 || !MADE_MEANWHILE.includes(systemErrorCode(error) ?? '')) throw error;
        }
      }
    });
  }

  /** Rejects with SOURCE_NOT_FOUND when there is none, and as `open` does. */
  static async openForReading(url: string): Promise<PostgresStore> {
    return await PostgresStore.#connect(url, async ({ db, shown }) => {
      if (await hasSchema(db)) return;
      throw new XenferryError('SOURCE_NOT_FOUND', 'no run of xenferry has written here', { file: shown });
    });
  }

  static async #connect(
    url: string,
    prepare: (store: PostgresStore) => Promise<void>,
  ): Promise<PostgresStore> {
    const address = postgresAddress(url);
    const pool = new pg.Pool({ ...clientConfig(address), max: CONNECTIONS });
    // What is lost while nobody uses it is noticed by who uses it next.
    pool.on('error', () => {});
    pool.on('connect', (client) => client.on('error', () => {}));
    const dialect = new PostgresDialect({ pool });
    const store = new PostgresStore(address, new Kysely<LedgerSchema>({ dialect }));
    try {
      await prepare(store);
      return store;
    } catch (error) {
      await store.close();
      throw postgresError(error, address.shown);
    }
  }

  get shown(): string {
    return this.#address.shown;
  }

  /** Repeats what may pass for a minute: a database that restarts costs no run. */
  readonly durably = async <T>(action: () => Promise<T>): Promise<T> => {
    const until = Date.now() + PATIENCE_MILLISECONDS;
    for (let pause = FIRST_PAUSE_MILLISECONDS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MILLISECONDS)) {
      try {
        return await action();
      } catch (error) {
        if (!mayPass(error) || Date.now() + pause > until) throw postgresError(error, this.shown);
      }
      await delay(pause);
    }
  };

  async lockTarget(target: string): Promise<TargetLock> {
    await makeFolder(target);
    return await this.#lock(targetKey(target), {
      file: target,
      busy: { message: 'another xenferry works on this target' },
      lost: {
        code: 'LEDGER_UNREACHABLE',
        message: 'the connection that keeps others off this target is lost',
      },
    });
  }

  /** Asked of the list of locks: one taken to try it would be in the way of a run that begins. */
  async isTargetHeld(target: string): Promise<boolean> {
    const { rows } = await this.durably(() =>
      sql`SELECT 1 FROM pg_locks
        WHERE locktype = 'advisory' AND objsubid = 1 AND granted
          AND ((classid::bigint << 32) | objid::bigint) = ${String(targetKey(target))}::bigint
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`.execute(this.db),
    );
    return rows.length > 0;
  }

  async lockService(): Promise<TargetLock> {
    return await this.#lock(keyOf('xenferry service'), {
      file: this.shown,
      busy: {
        message: 'another xenferry serve works with this store',
        hint: 'One service a store: stop the other one, or give this one a database of its own.',
      },
      lost: {
        code: 'LEDGER_UNREACHABLE',
        message: 'the connection that keeps other services off this store is lost',
      },
    });
  }

  async #lock(key: bigint, guarded: Guarded): Promise<TargetLock> {
    try {
      return await AdvisoryLock.acquire(new pg.Client(clientConfig(this.#address)), key, guarded);
    } catch (error) {
      throw postgresError(error, this.shown);
    }
  }

  async close(): Promise<void> {
    await this.db.destroy();
  }
}

function targetKey(target: string): bigint {
  return keyOf(`xenferry target ${target}`);
}

/** Advisory locks have numbers for names. */
function keyOf(name: string): bigint {
  return createHash('sha256').update(name).digest().readBigInt64BE();
}

function clientConfig(address: PostgresAddress): pg.ClientConfig {
  const { host, port, user, database, ssl } = address;
  return {
    host,
    port,
    database,
    ssl,
    ...(user !== undefined && { user }),
    password: postgresPassword(address),
    application_name: 'xenferry',
    connectionTimeoutMillis: CONNECT_MILLISECONDS,
    keepAlive: true,
    options: Object.entries(SESSION)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
    types: {
      getTypeParser: (type, format) =>
        NUMBERS.includes(Number(type)) ? Number : pg.types.getTypeParser(Number(type), format),
    },
  };
}

async function hasSchema(db: Kysely<LedgerSchema>): Promise<boolean> {
  const { rows } = await sql`SELECT 1 FROM pg_namespace WHERE nspname = ${POSTGRES_SCHEMA}`.execute(db);
  return rows.length > 0;
}

async function makeSchema(db: Kysely<LedgerSchema>): Promise<void> {
  // Made by an administrator it takes no right to make schemas, which IF NOT EXISTS would ask for.
  if (!(await hasSchema(db))) await db.schema.createSchema(POSTGRES_SCHEMA).execute();
  const migrator = new Migrator({
    db: db.withPlugin(new PostgresTypes()),
    migrationTableSchema: POSTGRES_SCHEMA,
    provider: {
      getMigrations: async () => ({
        ...(await MIGRATIONS.getMigrations()),
        '0001-first-long-sources': LONG_SOURCES,
      }),
    },
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}

/** An index of PostgreSQL takes no more than a third of a page, which the names of many sources exceed. */
const LONG_SOURCES: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('batches').dropConstraint('batches_identity').execute();
  },
};
