import type { Kysely } from 'kysely';
import type { LedgerSchema } from './schema.js';
import type { Durably } from './store.js';

/** What was answered to a request that must not be carried out twice. */
export interface KeptAnswer {
  /** Of the client's choice. */
  readonly key: string;
  readonly tokenId: number;
  /** SHA-256 of method, path and body, in hex. */
  readonly request: string;
  readonly status: number;
  /** JSON. */
  readonly body: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Answers by the keys that clients gave their requests. */
export class AnswerBook {
  readonly #db: Kysely<LedgerSchema>;
  readonly #durably: Durably;

  constructor(db: Kysely<LedgerSchema>, durably: Durably) {
    this.#db = db;
    this.#durably = durably;
  }

  async find(tokenId: number, key: string): Promise<KeptAnswer | null> {
    const row = await this.#db
      .selectFrom('idempotency_keys')
      .selectAll()
      .where('token_id', '=', tokenId)
      .where('key', '=', key)
      .executeTakeFirst();
    return row === undefined ? null : { ...row, tokenId: row.token_id };
  }

  /** Keeps an answer, and forgets those from before `forgetBefore` (milliseconds since 1970). */
  async keep({ tokenId, ...answer }: KeptAnswer, forgetBefore: number): Promise<void> {
    await this.#durably(() =>
      this.#db.transaction().execute(async (trx) => {
        await trx.deleteFrom('idempotency_keys').where('at', '<', forgetBefore).execute();
        const { key, request, status, body, at } = answer;
        await trx
          .insertInto('idempotency_keys')
          .values({ key, token_id: tokenId, request, status, body, at })
          .onConflict((conflict) =>
            conflict.columns(['token_id', 'key']).doUpdateSet({ request, status, body, at }),
          )
          .execute();
      }),
    );
  }
}
