import { randomUUID } from 'node:crypto';
import type { JobState } from './schema.js';
import type { LedgerStore } from './store.js';

/** A process that runs jobs. Times are milliseconds since 1970. */
export interface WorkerRecord {
  readonly name: string;
  readonly startedAt: number;
  readonly beatAt: number;
  /** Null while it runs, or has died. */
  readonly endedAt: number | null;
  readonly threads: number;
  /** Machines at a time. */
  readonly slots: number;
}

/** How it stands with a job for who runs it. */
export interface JobStanding {
  /** Of who holds it now. */
  readonly fence: number;
  /** Why it is to be stopped, as an error's code; null: it is not to be. */
  readonly stop: string | null;
  /** Bytes a second that it may move, for as long as that is heard of; null: no cap is ever kept. */
  readonly bandwidth: number | null;
}

/** Who runs jobs, and what they are told. */
export class WorkerRegister {
  readonly #store: LedgerStore;

  constructor(store: LedgerStore) {
    this.#store = store;
  }

  /** One of the same name that ran before is forgotten. */
  async signIn({ name, threads, slots }: Pick<WorkerRecord, 'name' | 'threads' | 'slots'>): Promise<void> {
    const now = Date.now();
    const facts = { started_at: now, beat_at: now, ended_at: null, threads, slots };
    await this.#store.durably(() =>
      this.#store.db
        .insertInto('workers')
        .values({ name, ...facts })
        .onConflict((conflict) => conflict.column('name').doUpdateSet(facts))
        .execute(),
    );
  }

  async beat(name: string): Promise<void> {
    await this.#set(name, { beat_at: Date.now() });
  }

  async signOut(name: string): Promise<void> {
    const now = Date.now();
    await this.#set(name, { beat_at: now, ended_at: now });
  }

  async all(): Promise<WorkerRecord[]> {
    const rows = await this.#store.durably(() =>
      this.#store.db.selectFrom('workers').selectAll().orderBy('name').execute(),
    );
    return rows.map(({ name, started_at: startedAt, beat_at: beatAt, ended_at: endedAt, threads, slots }) => {
      return { name, startedAt, beatAt, endedAt, threads, slots };
    });
  }

  /**
   * Has workers take up a job once more, with so many bytes a second; returns what they must show, and what none from before
   * has.
   */
  async offer(jobId: number, bandwidth: number | null = null): Promise<string> {
    const offer = randomUUID();
    await this.#store.durably(() =>
      this.#store.db
        .updateTable('jobs')
        .set({ offer, stop: null, bandwidth })
        .where('id', '=', jobId)
        .execute(),
    );
    return offer;
  }

  /** Has whoever runs the job stop; `stop` is the code of the error that tells why. */
  async askToStop(jobId: number, stop: string): Promise<void> {
    await this.#store.durably(() =>
      this.#store.db.updateTable('jobs').set({ stop }).where('id', '=', jobId).execute(),
    );
  }

  /** Says how many bytes a second each of these jobs may move from now on. */
  async share(jobIds: readonly number[], bandwidth: number): Promise<void> {
    if (jobIds.length === 0) return;
    await this.#store.durably(() =>
      this.#store.db
        .updateTable('jobs')
        .set({ bandwidth })
        .where('id', 'in', [...jobIds])
        .execute(),
    );
  }

  /** By job; one that there is no more is left out. */
  async statesOf(jobIds: readonly number[]): Promise<Map<number, JobState>> {
    if (jobIds.length === 0) return new Map();
    const rows = await this.#store.durably(() =>
      this.#store.db
        .selectFrom('jobs')
        .select(['id', 'state'])
        .where('id', 'in', [...jobIds])
        .execute(),
    );
    return new Map(rows.map(({ id, state }) => [id, state]));
  }

  /** By job; one that there is no more is left out. */
  async standings(jobIds: readonly number[]): Promise<Map<number, JobStanding>> {
    if (jobIds.length === 0) return new Map();
    const rows = await this.#store.durably(() =>
      this.#store.db
        .selectFrom('jobs')
        .select(['id', 'fence', 'stop', 'bandwidth'])
        .where('id', 'in', [...jobIds])
        .execute(),
    );
    return new Map(rows.map(({ id, fence, stop, bandwidth }) => [id, { fence, stop, bandwidth }]));
  }

  async #set(name: string, values: { readonly beat_at: number; readonly ended_at?: number }): Promise<void> {
    await this.#store.durably(() =>
      this.#store.db.updateTable('workers').set(values).where('name', '=', name).execute(),
    );
  }
}
