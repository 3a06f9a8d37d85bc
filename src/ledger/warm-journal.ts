import type { Selectable, Transaction } from 'kysely';
import { blocksRow, type Records } from './block-journal.js';
import type { LedgerSchema, WarmPassKind } from './schema.js';
import type { LedgerStore } from './store.js';

/** What tells of the runs of a job: it goes when the job starts afresh. */
export const OF_A_RUN = [
  'blocks',
  'steps',
  'disks',
  'guests',
  'warm_disks',
  'warm_passes',
  'cutovers',
] as const;

type Change = (action: (trx: Transaction<LedgerSchema>) => Promise<unknown>) => Promise<unknown>;

/** A disk that is in a pool while its machine still runs. */
export interface WarmDisk {
  readonly disk: number;
  /** UUIDs of the disk there and of its repository. */
  readonly vdi: string;
  readonly storage: string;
  /** Of the VDI. */
  readonly virtualBytes: number;
  /** In the source's list of changes: up to there all is in the pool; null: nobody knows what is. */
  readonly changeId: string | null;
  /** JSON: runs of blocks that were not compared yet; null: none was. */
  readonly uncompared: string | null;
  /** JSON: runs of blocks that mending the guest may have changed there since; null: none. */
  readonly mended: string | null;
}

/** How far a machine has come that is moved while it runs, for whoever goes on with it. */
export class WarmJournal {
  readonly #store: LedgerStore;
  readonly #change: Change;
  readonly #jobId: number;

  /** `change` runs changes for as long as the job is held. */
  constructor(store: LedgerStore, change: Change, jobId: number) {
    this.#store = store;
    this.#change = change;
    this.#jobId = jobId;
  }

  /** In the machine's disk order; none before the end of the first pass. */
  async disks(): Promise<WarmDisk[]> {
    const rows = await this.#store.durably(() =>
      this.#store.db
        .selectFrom('warm_disks')
        .selectAll()
        .where('job_id', '=', this.#jobId)
        .orderBy('disk')
        .execute(),
    );
    return rows.map(warmDiskOf);
  }

  /** Whether all but the last changes were there when a run of it ended. */
  async awaitsCutover(): Promise<boolean> {
    const row = await this.#store.durably(() =>
      this.#store.db
        .selectFrom('cutovers')
        .select('waiting_since')
        .where('job_id', '=', this.#jobId)
        .executeTakeFirst(),
    );
    return row?.waiting_since != null;
  }

  /** Its number. */
  async beginPass(kind: WarmPassKind): Promise<number> {
    let pass = 1;
    await this.#change(async (trx) => {
      const last = await trx
        .selectFrom('warm_passes')
        .select(({ fn }) => fn.max('pass').as('pass'))
        .where('job_id', '=', this.#jobId)
        .executeTakeFirst();
      pass = Number(last?.pass ?? 0) + 1;
      const row = { job_id: this.#jobId, pass, kind, begun_at: Date.now(), ended_at: null, bytes: 0 };
      await trx.insertInto('warm_passes').values(row).execute();
    });
    return pass;
  }

  /** What is in the pool now: `disks` in the machine's disk order, with the records of all their blocks. */
  async endPass(
    pass: number,
    bytes: number,
    disks: readonly (Omit<WarmDisk, 'disk'> & { readonly records: Records })[],
  ): Promise<void> {
    await this.#change(async (trx) => {
      for (const table of ['warm_disks', 'blocks'] as const)
        await trx.deleteFrom(table).where('job_id', '=', this.#jobId).execute();
      for (const [disk, { records, ...known }] of disks.entries()) {
        const key = { job_id: this.#jobId, disk };
        const { vdi, storage, uncompared, mended } = known;
        const places = { virtual_bytes: known.virtualBytes, change_id: known.changeId };
        await trx
          .insertInto('warm_disks')
          .values({ ...key, ...places, vdi, storage, uncompared, mended })
          .execute();
        await trx
          .insertInto('blocks')
          .values({ ...key, first_block: 0, ...blocksRow(records) })
          .execute();
      }
      await this.#endPass(trx, pass, bytes);
    });
  }

  /** Of the pass after which nothing more is read: what it has written is noted elsewhere. */
  async endLastPass(pass: number, bytes: number): Promise<void> {
    await this.#change((trx) => this.#endPass(trx, pass, bytes));
  }

  /** Notes before it is done that a disk is written anew as a whole. */
  async distrust(disk: number): Promise<void> {
    await this.#change((trx) => this.#ofDisk(trx, disk, { change_id: null }));
  }

  /** Notes before it is done that fixups may change these blocks there; `mended`: JSON, of each disk. */
  async expectMended(mended: readonly string[]): Promise<void> {
    await this.#change(async (trx) => {
      for (const [disk, runs] of mended.entries()) await this.#ofDisk(trx, disk, { mended: runs });
    });
  }

  /** All that is in the pool was compared. */
  async compared(): Promise<void> {
    await this.#change((trx) =>
      trx.updateTable('warm_disks').set({ uncompared: '[]' }).where('job_id', '=', this.#jobId).execute(),
    );
  }

  /** All but the last changes are there: the machine waits for its window. */
  async waitForCutover(): Promise<void> {
    await this.#setCutover({ waiting_since: Date.now() });
  }

  /** The machine is asked to shut down for good, at `downAt` in milliseconds since 1970. */
  async beginCutover(downAt: number): Promise<void> {
    await this.#setCutover({ down_at: downAt, ready_at: null });
  }

  /** The machine may be started in the pool; says nothing of one that was not moved while it ran. */
  async endCutover(): Promise<void> {
    const now = { ready_at: Date.now() };
    await this.#change((trx) =>
      trx
        .updateTable('cutovers')
        .set(now)
        .where('job_id', '=', this.#jobId)
        .where('down_at', 'is not', null)
        .where('ready_at', 'is', null)
        .execute(),
    );
  }

  /** The machine is there: what it takes to go on is of no use any more. */
  async arrived(): Promise<void> {
    await this.#change(async (trx) => {
      await trx.deleteFrom('warm_disks').where('job_id', '=', this.#jobId).execute();
      await trx
        .updateTable('cutovers')
        .set({ waiting_since: null })
        .where('job_id', '=', this.#jobId)
        .execute();
    });
  }

  async #setCutover(values: Partial<Omit<LedgerSchema['cutovers'], 'job_id'>>): Promise<void> {
    const fresh = { waiting_since: null, down_at: null, ready_at: null, ...values };
    await this.#change((trx) =>
      trx
        .insertInto('cutovers')
        .values({ job_id: this.#jobId, ...fresh })
        .onConflict((conflict) => conflict.column('job_id').doUpdateSet(values))
        .execute(),
    );
  }

  async #endPass(trx: Transaction<LedgerSchema>, pass: number, bytes: number): Promise<void> {
    await trx
      .updateTable('warm_passes')
      .set({ ended_at: Date.now(), bytes })
      .where('job_id', '=', this.#jobId)
      .where('pass', '=', pass)
      .execute();
  }

  async #ofDisk(
    trx: Transaction<LedgerSchema>,
    disk: number,
    values: Partial<LedgerSchema['warm_disks']>,
  ): Promise<void> {
    await trx
      .updateTable('warm_disks')
      .set(values)
      .where('job_id', '=', this.#jobId)
      .where('disk', '=', disk)
      .execute();
  }
}

function warmDiskOf(row: Selectable<LedgerSchema['warm_disks']>): WarmDisk {
  const { disk, vdi, storage, uncompared, mended } = row;
  return {
    disk,
    vdi,
    storage,
    virtualBytes: row.virtual_bytes,
    changeId: row.change_id,
    uncompared,
    mended,
  };
}
