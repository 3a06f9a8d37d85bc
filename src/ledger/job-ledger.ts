import type { Transaction } from 'kysely';
import { LedgerBlockJournal } from './block-journal.js';
import type { GuestFolders } from './guest-folders.js';
import type { RecordedError } from './job-record.js';
import { changeState, leaseLost } from './job-states.js';
import type { JobState, LedgerSchema, StepName } from './schema.js';
import type { LedgerStore } from './store.js';
import { OF_A_RUN, WarmJournal } from './warm-journal.js';

/** What came of a machine's move, verified. */
export interface JobOutput {
  readonly outputBytes: number;
  readonly landed?: string | undefined;
  readonly notes?: readonly string[] | undefined;
}

/** What was done to a guest, and where. */
export interface KeptGuest {
  /** JSON. */
  readonly outcome: string;
  /** Absolute path of the folder with the layers on its disks. */
  readonly folder: string;
}

/** A job as one who runs it holds it. */
export interface HeldJob {
  readonly jobId: number;
  /** Raised with each run. */
  readonly fence: number;
  /** For the layers on the machine's disks. */
  readonly guestFolders: GuestFolders;
}

/**
 * What the holder of a job writes about it. Every change rejects with LEASE_LOST once somebody else holds the job: a
 * late owner can do no harm to what came after it.
 */
export class JobLedger {
  readonly jobId: number;
  readonly fence: number;
  /** Absolute path of a folder for the layers on the machine's disks, which no other run of the job has. */
  readonly guestFolder: string;
  readonly #store: LedgerStore;
  readonly #guestFolders: GuestFolders;

  constructor(store: LedgerStore, { jobId, fence, guestFolders }: HeldJob) {
    this.#store = store;
    this.jobId = jobId;
    this.fence = fence;
    this.guestFolder = guestFolders.of(jobId, fence);
    this.#guestFolders = guestFolders;
  }

  /** Rejects with LEASE_LOST unless the job is still held. */
  async check(): Promise<void> {
    await this.#change(async () => {});
  }

  async setState(state: JobState): Promise<void> {
    await this.#changeState(state, null);
  }

  async fail(error: RecordedError): Promise<void> {
    await this.#changeState('failed', error);
  }

  /** Notes the verified output before it gets its final name, or before its VM may be started. */
  async recordOutput({ outputBytes, landed, notes }: JobOutput): Promise<void> {
    const output = { output_bytes: outputBytes, landed: landed ?? null, notes: JSON.stringify(notes ?? []) };
    await this.#change((trx) => trx.updateTable('jobs').set(output).where('id', '=', this.jobId).execute());
  }

  /** Adds to what is told of a machine that is there. */
  async addNotes(more: readonly string[]): Promise<void> {
    if (more.length === 0) return;
    await this.#change(async (trx) => {
      const row = await trx
        .selectFrom('jobs')
        .select('notes')
        .where('id', '=', this.jobId)
        .executeTakeFirst();
      const known = row?.notes == null ? [] : (JSON.parse(row.notes) as string[]);
      // A step that is tried again says the same again.
      const notes = JSON.stringify([...new Set([...known, ...more])]);
      await trx.updateTable('jobs').set({ notes }).where('id', '=', this.jobId).execute();
    });
  }

  /** Tells the source's files from others of the same names; null when nobody has looked. */
  async sourceVersion(): Promise<string | null> {
    const row = await this.#store.durably(() =>
      this.#store.db
        .selectFrom('jobs')
        .select('source_version')
        .where('id', '=', this.jobId)
        .executeTakeFirst(),
    );
    return row?.source_version ?? null;
  }

  async setSourceVersion(version: string): Promise<void> {
    await this.#change((trx) =>
      trx.updateTable('jobs').set({ source_version: version }).where('id', '=', this.jobId).execute(),
    );
  }

  /** Forgets what was done for the job, so that it starts afresh. */
  async reset(): Promise<void> {
    await this.#change(async (trx) => {
      const nothing = { output_bytes: null, landed: null, notes: null, refix: 0 };
      await trx.updateTable('jobs').set(nothing).where('id', '=', this.jobId).execute();
      for (const table of OF_A_RUN) {
        await trx.deleteFrom(table).where('job_id', '=', this.jobId).execute();
      }
    });
  }

  async startStep(name: StepName): Promise<void> {
    const fresh = { state: 'running', started_at: Date.now(), finished_at: null, bytes: 0 } as const;
    await this.#change((trx) =>
      trx
        .insertInto('steps')
        .values({ job_id: this.jobId, name, ...fresh })
        .onConflict((conflict) => conflict.columns(['job_id', 'name']).doUpdateSet(fresh))
        .execute(),
    );
  }

  async finishStep(name: StepName, state: 'done' | 'failed', bytes: number): Promise<void> {
    await this.#change((trx) =>
      trx
        .updateTable('steps')
        .set({ state, finished_at: Date.now(), bytes })
        .where('job_id', '=', this.jobId)
        .where('name', '=', name)
        .execute(),
    );
  }

  async recordDisk(disk: Omit<LedgerSchema['disks'], 'job_id'>): Promise<void> {
    const { data_bytes, digest, manifest, mended, replaces } = disk;
    await this.#change((trx) =>
      trx
        .insertInto('disks')
        .values({ job_id: this.jobId, ...disk })
        .onConflict((conflict) =>
          conflict
            .columns(['job_id', 'disk'])
            .doUpdateSet({ data_bytes, digest, manifest, mended, replaces }),
        )
        .execute(),
    );
  }

  /** Notes before it is done that fixups may change these blocks; `mended`: JSON, of each disk. */
  async expectMended(mended: readonly string[]): Promise<void> {
    await this.#change((trx) => this.#setMended(trx, mended));
  }

  /** Notes that the guest is mended anew, and all is where it belongs; `mended`: JSON, of each disk. */
  async endRefix(
    mended: readonly string[],
    { outputBytes, notes }: Omit<JobOutput, 'landed'>,
  ): Promise<void> {
    await this.#change(async (trx) => {
      await this.#setMended(trx, mended);
      await trx.updateTable('disks').set({ replaces: null }).where('job_id', '=', this.jobId).execute();
      const output = { refix: 0, output_bytes: outputBytes, notes: JSON.stringify(notes ?? []) };
      await trx.updateTable('jobs').set(output).where('id', '=', this.jobId).execute();
    });
  }

  /** Notes that it stays as it is. */
  async dropRefix(): Promise<void> {
    await this.#change((trx) =>
      trx.updateTable('jobs').set({ refix: 0 }).where('id', '=', this.jobId).execute(),
    );
  }

  /** `outcome`: JSON; what it speaks of is in the holder's own folder. */
  async recordGuest(outcome: string): Promise<void> {
    const row = { outcome, fence: this.fence };
    await this.#change((trx) =>
      trx
        .insertInto('guests')
        .values({ job_id: this.jobId, ...row })
        .onConflict((conflict) => conflict.column('job_id').doUpdateSet(row))
        .execute(),
    );
  }

  /** What was recorded last, by this run or an earlier one; null when the guest was not looked at. */
  async guest(): Promise<KeptGuest | null> {
    const row = await this.#store.durably(() =>
      this.#store.db
        .selectFrom('guests')
        .select(['outcome', 'fence'])
        .where('job_id', '=', this.jobId)
        .executeTakeFirst(),
    );
    return row === undefined
      ? null
      : { outcome: row.outcome, folder: this.#guestFolders.of(this.jobId, row.fence) };
  }

  /** Absolute paths of what other runs of the job left of their layers. */
  async otherGuestFolders(): Promise<string[]> {
    return (await this.#guestFolders.ofJob(this.jobId)).filter((path) => path !== this.guestFolder);
  }

  blockJournal(disk: number): LedgerBlockJournal {
    return new LedgerBlockJournal(this.#store, (action) => this.#change(action), this.jobId, disk);
  }

  /** Of a machine that is moved while it runs. */
  get warm(): WarmJournal {
    return new WarmJournal(this.#store, (action) => this.#change(action), this.jobId);
  }

  async clearBlocks(): Promise<void> {
    await this.#change((trx) => trx.deleteFrom('blocks').where('job_id', '=', this.jobId).execute());
  }

  async #setMended(trx: Transaction<LedgerSchema>, mended: readonly string[]): Promise<void> {
    for (const [disk, blocks] of mended.entries()) {
      await trx
        .updateTable('disks')
        .set({ mended: blocks })
        .where('job_id', '=', this.jobId)
        .where('disk', '=', disk)
        .execute();
    }
  }

  async #changeState(state: JobState, error: RecordedError | null): Promise<void> {
    await this.#store.durably(() =>
      this.#store.db
        .transaction()
        .execute((trx) => changeState(trx, this.jobId, this.fence, { state, error })),
    );
  }

  /** Changes something about the job while nobody can take it away. */
  async #change<T>(action: (trx: Transaction<LedgerSchema>) => Promise<T>): Promise<T> {
    return await this.#store.durably(() =>
      this.#store.db.transaction().execute(async (trx) => {
        const row = trx.selectFrom('jobs').select('fence').where('id', '=', this.jobId);
        const job = await (this.#store.concurrent ? row.forNoKeyUpdate() : row).executeTakeFirst();
        if (job?.fence !== this.fence) throw leaseLost(this.jobId);
        return await action(trx);
      }),
    );
  }
}
