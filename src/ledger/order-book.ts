import type { Kysely } from 'kysely';
import type { LedgerSchema, OrderScope, OrderVerb } from './schema.js';

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

/** What operators want of running batches. Any process may give orders; the one that runs the batch obeys them. */
export class OrderBook {
  readonly #db: Kysely<LedgerSchema>;
  readonly #durably: <T>(action: () => Promise<T>) => Promise<T>;

  constructor(db: Kysely<LedgerSchema>, durably: <T>(action: () => Promise<T>) => Promise<T>) {
    this.#db = db;
    this.#durably = durably;
  }

  async give({ batchId, by, verb, scope, subject }: OrderSpec): Promise<Order> {
    return await this.#durably(async () => {
      const row = await this.#db
        .insertInto('orders')
        .values({ batch_id: batchId, at: Date.now(), given_by: by, verb, scope, subject, obeyed_at: null })
        .returningAll()
        .executeTakeFirstOrThrow();
      return orderOf(row);
    });
  }

  /** Those that nobody has obeyed yet, in the order in which they were given. */
  async waiting(batchId: number): Promise<Order[]> {
    const rows = await this.#db
      .selectFrom('orders')
      .selectAll()
      .where('batch_id', '=', batchId)
      .where('obeyed_at', 'is', null)
      .orderBy('id')
      .execute();
    return rows.map(orderOf);
  }

  /** All that were ever given, in their order. */
  async all(batchId: number): Promise<Order[]> {
    const rows = await this.#db
      .selectFrom('orders')
      .selectAll()
      .where('batch_id', '=', batchId)
      .orderBy('id')
      .execute();
    return rows.map(orderOf);
  }

  async obeyed(orderId: number): Promise<void> {
    await this.#durably(() =>
      this.#db.updateTable('orders').set({ obeyed_at: Date.now() }).where('id', '=', orderId).execute(),
    );
  }
}

function orderOf(row: {
  id: number;
  batch_id: number;
  at: number;
  given_by: string;
  verb: OrderVerb;
  scope: OrderScope;
  subject: string;
  obeyed_at: number | null;
}): Order {
  const { id, batch_id: batchId, at, given_by: by, verb, scope, subject, obeyed_at: obeyedAt } = row;
  return { id, batchId, at, by, verb, scope, subject, obeyedAt };
}
