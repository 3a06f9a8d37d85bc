import type { Kysely, Transaction } from 'kysely';
import type { Rollback } from './job-record.js';
import { changeState } from './job-states.js';
import type { LedgerSchema } from './schema.js';
import type { Durably } from './store.js';
import { OF_A_RUN } from './warm-journal.js';

/**
 * Machines that are taken back to their source. That one is begun is written down before anything is done at the
 * source, so that no run moves or starts it until it is done.
 */
export class Rollbacks {
  readonly #db: Kysely<LedgerSchema>;
  readonly #durably: Durably;

  constructor(db: Kysely<LedgerSchema>, durably: Durably) {
    this.#db = db;
    this.#durably = durably;
  }

  /** Rejects with LEASE_LOST for a job that there is no more. */
  async begin(jobId: number): Promise<void> {
    await this.#change(jobId, 'begun', { rollback_begun_at: Date.now() });
  }

  /** The source has it again; `note`: what became of what it was moved to. Rejects as `begin` does. */
  async finish(jobId: number, note: string): Promise<void> {
    const rolled_back_at = Date.now();
    await this.#change(jobId, 'done', { rolled_back_at, landed: null, notes: JSON.stringify([note]) });
  }

  /** It may be moved again, from the beginning. Rejects as `begin` does. */
  async forget(jobId: number): Promise<void> {
    await this.#durably(() =>
      this.#db.transaction().execute(async (trx) => {
        for (const table of OF_A_RUN) {
          await trx.deleteFrom(table).where('job_id', '=', jobId).execute();
        }
        const nothing = { output_bytes: null, landed: null, notes: null, source_version: null };
        await set(trx, jobId, { ...nothing, rollback_begun_at: null, rolled_back_at: null });
        await changeState(trx, jobId, null, { state: 'planned', error: null });
      }),
    );
  }

  /** With the event that every change of a job has. */
  async #change(jobId: number, rollback: Rollback, values: JobValues): Promise<void> {
    await this.#durably(() =>
      this.#db.transaction().execute(async (trx) => {
        await set(trx, jobId, values);
        await changeState(trx, jobId, null, { state: 'cancelled', error: null, rollback });
      }),
    );
  }
}

type JobValues = Partial<Omit<LedgerSchema['jobs'], 'id'>>;

async function set(trx: Transaction<LedgerSchema>, jobId: number, values: JobValues): Promise<void> {
  await trx.updateTable('jobs').set(values).where('id', '=', jobId).execute();
}
