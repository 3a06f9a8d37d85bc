import { createHash } from 'node:crypto';
import type { AnswerBook } from '../ledger/index.js';
import { XenferryError } from '../model/errors.js';

/** As long as clients may ask again. */
const KEPT_MS = 24 * 3600_000;
const KEY = /^[\x21-\x7e]{1,200}$/;

/** A request that its client gave a key. */
export interface KeyedRequest {
  readonly tokenId: number;
  readonly key: string;
  /** SHA-256 of what is asked for, in hex. */
  readonly request: string;
}

/** Sees to it that a request that is sent again is answered again and not carried out again. */
export class Idempotency {
  readonly #book: AnswerBook;
  readonly #underWay = new Set<string>();

  constructor(book: AnswerBook) {
    this.#book = book;
  }

  /** Throws REQUEST_INVALID for what is no key. */
  request(
    tokenId: number,
    key: string,
    parts: readonly [method: string, url: string, body: unknown],
  ): KeyedRequest {
    if (!KEY.test(key)) {
      throw new XenferryError('REQUEST_INVALID', 'an Idempotency-Key is 1 to 200 visible ASCII characters');
    }
    return { tokenId, key, request: createHash('sha256').update(JSON.stringify(parts)).digest('hex') };
  }

  /**
   * The answer that was given; null for a new request, which is then under way until `end`.
   * Rejects with IDEMPOTENCY_KEY_REUSED for another request with that key, or while the same is under way.
   */
  async begin(keyed: KeyedRequest): Promise<{ status: number; body: string } | null> {
    const name = nameOf(keyed);
    if (this.#underWay.has(name)) {
      throw new XenferryError('IDEMPOTENCY_KEY_REUSED', 'this request is being carried out');
    }
    this.#underWay.add(name);
    try {
      const known = await this.#book.find(keyed.tokenId, keyed.key);
      if (known === null || known.at < Date.now() - KEPT_MS) return null;
      if (known.request !== keyed.request) {
        throw new XenferryError('IDEMPOTENCY_KEY_REUSED', 'another request had this Idempotency-Key');
      }
      this.#underWay.delete(name);
      return { status: known.status, body: known.body };
    } catch (error) {
      this.#underWay.delete(name);
      throw error;
    }
  }

  /** Keeps the answer, but for one that says to try again. */
  async end(keyed: KeyedRequest, status: number, body: string): Promise<void> {
    try {
      if (status >= 500) return;
      const at = Date.now();
      await this.#book.keep({ ...keyed, status, body, at }, at - KEPT_MS);
    } finally {
      this.#underWay.delete(nameOf(keyed));
    }
  }
}

function nameOf({ tokenId, key }: KeyedRequest): string {
  return `${tokenId} ${key}`;
}
