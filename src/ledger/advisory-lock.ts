import type { Client } from 'pg';
import { type ErrorCode, XenferryError } from '../model/errors.js';
import type { TargetLock } from './store.js';

/** A connection that says nothing for longer than a beat and this is taken for lost. */
const BEAT_MILLISECONDS = 10_000;

/** What a lock keeps others from, as errors call it. */
export interface Guarded {
  readonly file: string;
  readonly busy: { readonly message: string; readonly hint?: string };
  readonly lost: { readonly code: ErrorCode; readonly message: string };
}

/**
 * A lock that PostgreSQL keeps for as long as a connection lives, which is the lock's own. A connection that is lost may
 * have given it to another already.
 */
export class AdvisoryLock implements TargetLock {
  readonly #client: Client;
  readonly #controller = new AbortController();
  readonly #beat: NodeJS.Timeout;
  #released = false;

  private constructor(client: Client, { file, lost }: Guarded) {
    this.#client = client;
    const lose = (cause?: unknown) => {
      if (this.#released) return;
      clearInterval(this.#beat);
      this.#controller.abort(new XenferryError(lost.code, lost.message, { file, cause }));
    };
    client.on('error', lose);
    client.on('end', () => lose());
    let answered = true;
    this.#beat = setInterval(() => {
      if (!answered) return lose();
      answered = false;
      client.query('SELECT 1').then(() => {
        answered = true;
      }, lose);
    }, BEAT_MILLISECONDS);
  }

  /** `client`: not yet connected. Rejects with TARGET_BUSY, and as the driver does. */
  static async acquire(client: Client, key: bigint, guarded: Guarded): Promise<AdvisoryLock> {
    const early = () => {};
    client.on('error', early);
    try {
      await client.connect();
      const { rows } = await client.query('SELECT pg_try_advisory_lock($1::bigint) AS held', [String(key)]);
      if (rows[0]?.held !== true) {
        const { file, busy } = guarded;
        throw new XenferryError('TARGET_BUSY', busy.message, { file, hint: busy.hint });
      }
      return new AdvisoryLock(client, guarded);
    } catch (error) {
      await client.end().catch(early);
      throw error;
    }
  }

  get lost(): AbortSignal {
    return this.#controller.signal;
  }

  async release(): Promise<void> {
    this.#released = true;
    clearInterval(this.#beat);
    // One that is lost already has nothing to give back.
    await this.#client.end().catch(() => {});
  }
}
