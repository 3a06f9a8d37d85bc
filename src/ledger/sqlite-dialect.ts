import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { Database } from 'sqlite3';

type Handle = InstanceType<typeof Database>;

/** Durable after each commit even when the power fails; other processes wait up to five seconds for a lock. */
const PRAGMAS = ['journal_mode = WAL', 'synchronous = FULL', 'busy_timeout = 5000', 'foreign_keys = ON'];
/** Statements whose rows are wanted. */
const RETURNS_ROWS = /^\s*(?:select|with|pragma|explain)\b|\breturning\b/i;
const ALREADY_ROLLED_BACK = /no transaction is active/;

/** Lets kysely talk to the asynchronous sqlite3 driver over one connection. */
export class SqliteDialect implements Dialect {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  createDriver(): Driver {
    return new SqliteDriver(this.#file);
  }

  createQueryCompiler(): SqliteQueryCompiler {
    return new SqliteQueryCompiler();
  }

  createAdapter(): SqliteAdapter {
    return new SqliteAdapter();
  }

  createIntrospector(db: Kysely<unknown>): SqliteIntrospector {
    return new SqliteIntrospector(db);
  }
}

class SqliteDriver implements Driver {
  readonly #file: string;
  #connection: SqliteConnection | undefined;
  /** Resolves when the connection is free: one user at a time. */
  #free: Promise<void> = Promise.resolve();
  #release: () => void = () => {};

  constructor(file: string) {
    this.#file = file;
  }

  async init(): Promise<void> {
    this.#connection = new SqliteConnection(await openDatabase(this.#file));
    for (const pragma of PRAGMAS) await this.#connection.executeQuery(CompiledQuery.raw(`PRAGMA ${pragma}`));
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const previous = this.#free;
    let release = () => {};
    this.#free = new Promise((resolve) => {
      release = resolve;
    });
    await previous;
    this.#release = release;
    if (this.#connection === undefined) throw new Error('the database is closed');
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {
    this.#release();
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('BEGIN IMMEDIATE'));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('COMMIT'));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    try {
      await connection.executeQuery(CompiledQuery.raw('ROLLBACK'));
    } catch (error) {
      // A full disk has SQLite roll back by itself (lang_transaction.html, section 3); its error must not be hidden.
      if (!(error instanceof Error && ALREADY_ROLLED_BACK.test(error.message))) throw error;
    }
  }

  async destroy(): Promise<void> {
    await this.#connection?.close();
    this.#connection = undefined;
  }
}

class SqliteConnection implements DatabaseConnection {
  readonly #handle: Handle;

  constructor(handle: Handle) {
    this.#handle = handle;
  }

  executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    return RETURNS_ROWS.test(sql) ? this.#rows<Row>(sql, parameters) : this.#run<Row>(sql, parameters);
  }

  streamQuery(): AsyncIterableIterator<never> {
    throw new Error('streaming is not supported');
  }

  close(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#handle.close((error: Error | null) => (error === null ? resolve() : reject(error)));
    });
  }

  #rows<Row>(sql: string, parameters: readonly unknown[]): Promise<QueryResult<Row>> {
    return new Promise((resolve, reject) => {
      this.#handle.all<Row>(sql, [...parameters], (error: Error | null, rows: Row[]) => {
        if (error === null) resolve({ rows });
        else reject(error);
      });
    });
  }

  #run<Row>(sql: string, parameters: readonly unknown[]): Promise<QueryResult<Row>> {
    return new Promise((resolve, reject) => {
      this.#handle.run(sql, [...parameters], function (error: Error | null) {
        if (error !== null) reject(error);
        else
          resolve({
            rows: [],
            insertId: BigInt(this.lastID ?? 0),
            numAffectedRows: BigInt(this.changes ?? 0),
          });
      });
    });
  }
}

function openDatabase(file: string): Promise<Handle> {
  return new Promise((resolve, reject) => {
    const handle: Handle = new Database(file, (error: Error | null) =>
      error === null ? resolve(handle) : reject(error),
    );
  });
}
