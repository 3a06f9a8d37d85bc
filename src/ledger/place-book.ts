import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { LedgerStore } from './store.js';

/** What a job wants to have beside others. */
export interface PlaceWish {
  /** Of what there are only so many places. */
  readonly name: string;
  readonly places: number;
  readonly jobId: number;
  /** Of who holds the job: the wish ends with that. */
  readonly fence: number;
}

/** One that stands in the queue of a name. */
export interface QueuedPlace {
  /** Grows with each that comes. */
  readonly id: number;
  readonly places: number;
  /** Grows as long as somebody stands there. */
  readonly beats: number;
  /** Whether somebody else has the job by now. */
  readonly isVoid: boolean;
}

/**
 * Queues for what all that work with a ledger share. Who stands in one has its places as soon as they and those of all
 * before it fit in: those before can only become less, so what is had stays so. No clock is asked: that nobody stands there
 * any more shows in beats that do not come, by the clock of whoever waits.
 */
export class PlaceBook {
  readonly #store: LedgerStore;

  constructor(store: LedgerStore) {
    this.#store = store;
  }

  /** Returns the id of a new place at the end. */
  async queue({ name, places, jobId, fence }: PlaceWish): Promise<number> {
    const token = randomUUID();
    return await this.#store.durably(() =>
      this.#store.db.transaction().execute(async (trx) => {
        // Otherwise one with a smaller id could come to be seen later.
        if (this.#store.concurrent) await sql`LOCK TABLE places IN SHARE ROW EXCLUSIVE MODE`.execute(trx);
        await trx
          .insertInto('places')
          .values({ name, places, token, job_id: jobId, fence, beats: 0 })
          .onConflict((conflict) => conflict.column('token').doNothing())
          .execute();
        const row = trx.selectFrom('places').select('id').where('token', '=', token);
        return (await row.executeTakeFirstOrThrow()).id;
      }),
    );
  }

  /** The place and all before it, the first in the queue first; without it when it is there no more. */
  async upTo(name: string, id: number): Promise<QueuedPlace[]> {
    const rows = await this.#store.durably(() =>
      this.#store.db
        .selectFrom('places')
        .innerJoin('jobs', 'jobs.id', 'places.job_id')
        .select(['places.id', 'places.places', 'places.beats', 'places.fence', 'jobs.fence as now'])
        .where('places.name', '=', name)
        .where('places.id', '<=', id)
        .orderBy('places.id')
        .execute(),
    );
    return rows.map(({ id, places, beats, fence, now }) => ({ id, places, beats, isVoid: fence !== now }));
  }

  /** Shows that somebody stands there; false: the place is lost. */
  async beat(id: number): Promise<boolean> {
    const { numUpdatedRows } = await this.#store.durably(() =>
      this.#store.db
        .updateTable('places')
        .set(({ eb }) => ({ beats: eb('beats', '+', 1) }))
        .where('id', '=', id)
        .executeTakeFirst(),
    );
    return numUpdatedRows > 0n;
  }

  async leave(id: number): Promise<void> {
    await this.#store.durably(() => this.#store.db.deleteFrom('places').where('id', '=', id).execute());
  }

  /** Takes a place from who does not stand there any more: nothing happens if it has beaten since. */
  async clear({ id, beats }: Pick<QueuedPlace, 'id' | 'beats'>): Promise<void> {
    await this.#store.durably(() =>
      this.#store.db.deleteFrom('places').where('id', '=', id).where('beats', '=', beats).execute(),
    );
  }
}
