import type { Kysely, Selectable } from 'kysely';
import { insertEvent } from './event-log.js';
import type { LedgerSchema, OrderScope, OrderVerb } from './schema.js';
import type { Durably } from './store.js';

export interface OrderSpec {
  readonly batchId: number;
  /** Who gives it. */
  readonly by: string;
  readonly verb: OrderVerb;
  readonly scope: OrderScope;
  /** Name of the wave, or the machine's id; empty for the batch. */
  readonly subject: string;
}

export interface Order extends OrderSpec {
  readonly id: number;
  /** Milliseconds since 1970, as the next. */
  readonly at: number;
  /** Null until the coordinator has obeyed. */
  readonly obeyedAt: number | null;
}

/**
 * What operators want of running batches. Any process may give orders; the one that runs the batch obeys them. Each is
 * told of twice: by an event `order` when it is given, and by `obeyed` when it is.
 */
export class OrderBook {
  readonly #db: Kysely<LedgerSchema>;
  readonly #durably: Durably;

  constructor(db: Kysely<LedgerSchema>, durably: Durably) {
    this.#db = db;
    this.#durably = durably;
  }

  /** `obeyed`: there is nothing left to do for anybody. */
  async give({ batchId, by, ...wish }: OrderSpec, obeyed = false): Promise<Order> {
    const at = Date.now();
    const row = { ...wish, batch_id: batchId, at, given_by: by, obeyed_at: obeyed ? at : null };
    return await this.#durably(() =>
      this.#db.transaction().execute(async (trx) => {
        const order = orderOf(
          await trx.insertInto('orders').values(row).returningAll().executeTakeFirstOrThrow(),
        );
        await noteOrder(trx, 'order', order, at);
        if (obeyed) await noteOrder(trx, 'obeyed', order, at);
        return order;
      }),
    );
  }

  /** Those that nobody has obeyed yet, in the order in which they were given. */
  async waiting(batchId: number): Promise<Order[]> {
    const rows = await this.#ofBatch(batchId).where('obeyed_at', 'is', null).orderBy('id').execute();
    return rows.map(orderOf);
  }

  /** All that were ever given, in their order. */
  async all(batchId: number): Promise<Order[]> {
    const rows = await this.#ofBatch(batchId).orderBy('id').execute();
    return rows.map(orderOf);
  }

  /** Newest first, those older than the order `before`. */
  async latest(batchId: number, before: number, limit: number): Promise<Order[]> {
    const rows = await this.#ofBatch(batchId)
      .where('id', '<', before)
      .orderBy('id', 'desc')
      .limit(limit)
      .execute();
    return rows.map(orderOf);
  }

  async obeyed(order: Order): Promise<void> {
    const at = Date.now();
    await this.#durably(() =>
      this.#db.transaction().execute(async (trx) => {
        await trx.updateTable('orders').set({ obeyed_at: at }).where('id', '=', order.id).execute();
        await noteOrder(trx, 'obeyed', order, at);
      }),
    );
  }

  #ofBatch(batchId: number) {
    return this.#db.selectFrom('orders').selectAll().where('batch_id', '=', batchId);
  }
}

async function noteOrder(
  db: Kysely<LedgerSchema>,
  kind: 'order' | 'obeyed',
  { id, batchId, verb, scope, subject, by }: Order,
  at: number,
): Promise<void> {
  await insertEvent(db, { batchId, jobId: null, kind, data: { id, verb, scope, subject, by } }, at);
}

function orderOf(row: Selectable<LedgerSchema['orders']>): Order {
  const { id, batch_id: batchId, at, given_by: by, verb, scope, subject, obeyed_at: obeyedAt } = row;
  return { id, batchId, at, by, verb, scope, subject, obeyedAt };
}
