import type { TokenBook, TokenRecord } from '../ledger/index.js';
import { XenferryError } from '../model/errors.js';
import { ROLES, type Role } from './api/service.js';
import { SharedReads } from './shared-reads.js';
import { tokenDigest } from './tokens.js';

/** A token that is revoked elsewhere is good for so long at most. */
const KNOWN_MS = 1000;
const NOTE_USE_MS = 60_000;
const MINUTE_MS = 60_000;
const MAX_ADDRESSES = 10_000;
const BEARER = /^Bearer ([A-Za-z0-9_-]{20,200})$/i;

/** Who may do what. */
export class Authority {
  readonly #book: TokenBook;
  readonly #badTokens: number;
  readonly #known = new SharedReads<TokenRecord | null>(KNOWN_MS);
  readonly #lastNoted = new Map<number, number>();
  readonly #failures = new Map<string, { count: number; readonly since: number }>();

  /** `badTokens`: so many a minute an address may try. */
  constructor(book: TokenBook, badTokens: number) {
    this.#book = book;
    this.#badTokens = badTokens;
  }

  /**
   * The token in an Authorization header. What is compared are digests, so that the time it takes says nothing of
   * tokens. Rejects with TOKEN_REQUIRED, and with TOO_MANY_REQUESTS for an address that guesses.
   */
  async identify(header: string | undefined, address: string): Promise<TokenRecord> {
    const token = header === undefined ? undefined : BEARER.exec(header)?.[1];
    const record = token === undefined ? null : await this.#find(tokenDigest(token));
    if (record === null) throw header !== undefined && this.#isGuessing(address) ? tooMany() : refusal();
    this.#noteUse(record.id);
    return record;
  }

  /** Throws ROLE_MISSING. */
  permit({ role }: TokenRecord, needed: Role): void {
    if (ROLES.indexOf(role) >= ROLES.indexOf(needed)) return;
    throw new XenferryError('ROLE_MISSING', `this takes the role ${needed}; the token has ${role}`);
  }

  /** Ids of the tokens that are good now. */
  async good(): Promise<ReadonlySet<number>> {
    const now = Date.now();
    return new Set((await this.#book.list()).flatMap((token) => (isGood(token, now) ? [token.id] : [])));
  }

  /** Has changes made here count at once. */
  forget(): void {
    this.#known.clear();
  }

  async #find(digest: string): Promise<TokenRecord | null> {
    const record = await this.#known.get(digest, () => this.#book.find(digest));
    return record !== null && isGood(record, Date.now()) ? record : null;
  }

  /** Counts a bad token. */
  #isGuessing(address: string): boolean {
    const now = Date.now();
    const known = this.#failures.get(address);
    const failures = known !== undefined && now - known.since < MINUTE_MS ? known : { count: 0, since: now };
    failures.count += 1;
    this.#failures.delete(address);
    this.#failures.set(address, failures);
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > MAX_ADDRESSES && oldest !== undefined) this.#failures.delete(oldest);
    return failures.count > this.#badTokens;
  }

  /** Not at each request: a read shall not cost a write. */
  #noteUse(id: number): void {
    const now = Date.now();
    if (now - (this.#lastNoted.get(id) ?? 0) < NOTE_USE_MS) return;
    this.#lastNoted.set(id, now);
    // That it could not be noted is no reason to refuse the request.
    this.#book.noteUse(id, now).catch(() => {});
  }
}

function refusal(): XenferryError {
  return new XenferryError('TOKEN_REQUIRED', 'a good token is needed');
}

function tooMany(): XenferryError {
  return new XenferryError('TOO_MANY_REQUESTS', 'too many bad tokens from this address');
}

function isGood({ expiresAt }: TokenRecord, now: number): boolean {
  return expiresAt === null || now < expiresAt;
}
