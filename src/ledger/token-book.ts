import type { Kysely, Selectable } from 'kysely';
import type { LedgerSchema, TokenRole } from './schema.js';
import type { Durably } from './store.js';

/** A token without what it is. Times are milliseconds since 1970. */
export interface TokenRecord {
  readonly id: number;
  readonly name: string;
  readonly role: TokenRole;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly lastUsedAt: number | null;
}

export interface TokenSpec {
  readonly name: string;
  readonly role: TokenRole;
  /** SHA-256 of the token in hex. */
  readonly digest: string;
  readonly createdAt: number;
  readonly expiresAt: number | null;
}

/** Who may use the service: digests of tokens, never the tokens. */
export class TokenBook {
  readonly #db: Kysely<LedgerSchema>;
  readonly #durably: Durably;

  constructor(db: Kysely<LedgerSchema>, durably: Durably) {
    this.#db = db;
    this.#durably = durably;
  }

  /** Null when a token has that name already. */
  async add({ name, role, digest, createdAt, expiresAt }: TokenSpec): Promise<TokenRecord | null> {
    const row = await this.#durably(() =>
      this.#db
        .insertInto('tokens')
        .values({ name, role, digest, created_at: createdAt, expires_at: expiresAt, last_used_at: null })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .returningAll()
        .executeTakeFirst(),
    );
    return row === undefined ? null : recordOf(row);
  }

  async list(): Promise<TokenRecord[]> {
    const rows = await this.#db.selectFrom('tokens').selectAll().orderBy('id').execute();
    return rows.map(recordOf);
  }

  /** By digest, in hex. */
  async find(digest: string): Promise<TokenRecord | null> {
    const row = await this.#db
      .selectFrom('tokens')
      .selectAll()
      .where('digest', '=', digest)
      .executeTakeFirst();
    return row === undefined ? null : recordOf(row);
  }

  /** Whether there was one to remove. */
  async remove(id: number): Promise<boolean> {
    const gone = await this.#durably(() =>
      this.#db.deleteFrom('tokens').where('id', '=', id).returning('id').execute(),
    );
    return gone.length > 0;
  }

  async noteUse(id: number, at: number): Promise<void> {
    await this.#durably(() =>
      this.#db.updateTable('tokens').set({ last_used_at: at }).where('id', '=', id).execute(),
    );
  }
}

function recordOf(row: Selectable<LedgerSchema['tokens']>): TokenRecord {
  const { id, name, role, created_at, expires_at, last_used_at } = row;
  return { id, name, role, createdAt: created_at, expiresAt: expires_at, lastUsedAt: last_used_at };
}
