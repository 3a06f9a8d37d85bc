import { Database } from 'sqlite3';

type Handle = InstanceType<typeof Database>;
type Row = Readonly<Record<string, unknown>>;

/** SQLITE_OPEN_READONLY (sqlite.org/c3ref/c_open_autoproxy.html); Node does not find the package's own name for it. */
const OPEN_READONLY = 1;
/** While a run makes the log part of the database. */
const BUSY_MS = 5_000;

/** A database of which nothing is changed, not even how it keeps its journal. */
export class ReadOnlyDatabase {
  readonly #handle: Handle;

  private constructor(handle: Handle) {
    handle.configure('busyTimeout', BUSY_MS);
    this.#handle = handle;
  }

  /** Rejects with SQLite's error. */
  static open(file: string): Promise<ReadOnlyDatabase> {
    return new Promise((resolve, reject) => {
      const handle: Handle = new Database(file, OPEN_READONLY, (error: Error | null) =>
        error === null ? resolve(new ReadOnlyDatabase(handle)) : reject(error),
      );
    });
  }

  rows(statement: string, ...parameters: readonly unknown[]): Promise<Row[]> {
    return new Promise((resolve, reject) => {
      this.#handle.all<Row>(statement, [...parameters], (error: Error | null, rows: Row[]) =>
        error === null ? resolve(rows) : reject(error),
      );
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#handle.close(() => resolve()));
  }
}
