import type { OnReadOpts } from 'node:net';
import type { z } from 'zod';
import { pauseAfter } from '../io/retry-pauses.js';
import { pauseFor } from '../model/abort.js';
import { XenferryError } from '../model/errors.js';
import { type Connector, poolConnector } from './connection.js';
import { hostUrl, parsePoolUrl } from './host-address.js';
import { JsonRpc } from './json-rpc.js';
import { isRepeatable, METHODS, type Method, type Params, type Result } from './methods.js';
import { isFault } from './pool-fault.js';
import { REF, type Ref } from './records.js';
import { TransportFailure } from './transport-failure.js';

/** Tells our sessions from others': a pool keeps 500 of each originator. */
const ORIGINATOR = 'xenferry';
const API_VERSION = '1.1';
const MAX_REDIRECTS = 3;
/** XAPI's words for "not now". */
const BUSY = ['HOST_STILL_BOOTING', 'TOO_BUSY', 'TOO_MANY_PENDING_TASKS'];

/** Times in milliseconds. */
export interface PoolPatience {
  readonly connect: number;
  /** Until an answer begins, and between two parts of it. */
  readonly idle: number;
  /** Pauses between attempts are multiplied by it. */
  readonly pauseScale: number;
}

const PATIENCE: PoolPatience = { connect: 10_000, idle: 120_000, pauseScale: 1 };

export interface PoolLogin {
  /** `https://host` of any member. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** SHA-256 of the certificates of the pool's hosts, in hex; without any, those the system trusts. */
  readonly tlsFingerprints: readonly string[];
  readonly patience?: PoolPatience | undefined;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

interface Session {
  readonly host: URL;
  readonly ref: Ref;
}

/** A pool as one session sees it; follows its master and logs in again when the session ends. */
export class XapiClient {
  /** For people. */
  readonly shown: string;
  readonly connector: Connector;
  readonly patience: PoolPatience;
  readonly #pool: URL;
  readonly #fingerprints: readonly string[];
  readonly #rpc: JsonRpc;
  readonly #user: string;
  readonly #password: string;
  /** Where a master may be found, the likeliest first. */
  #candidates: URL[];
  #session: Promise<Session> | null = null;
  #closed = false;

  /** Throws CONFIG_INVALID. */
  constructor({ url, user, password, tlsFingerprints, patience = PATIENCE }: PoolLogin) {
    this.#pool = parsePoolUrl(url);
    this.shown = this.#pool.origin;
    this.patience = patience;
    this.#fingerprints = tlsFingerprints;
    this.connector = poolConnector(tlsFingerprints, patience.connect, this.shown);
    this.#rpc = new JsonRpc(this.connector, this.shown);
    this.#user = user;
    this.#password = password;
    this.#candidates = [this.#pool];
  }

  /** Opens connections that give what comes to `onread` alone. */
  receivingConnector(onread: OnReadOpts): Connector {
    return poolConnector(this.#fingerprints, this.patience.connect, this.shown, onread);
  }

  /**
   * Calls the master, again where that may help and cannot do harm. Rejects with a PoolFault or POOL_UNREACHABLE,
   * POOL_UNAUTHORIZED, POOL_PROTOCOL, CANCELED.
   */
  async call<M extends Method>(method: M, params: Params<M>, options: CallOptions = {}): Promise<Result<M>> {
    const found = await this.#repeat(method, params, options);
    // The table gives each method its own schema; a compiler cannot see that the one for M gives Result<M>.
    const schema: z.ZodType = METHODS[method].result;
    return this.#understand(method, schema, found) as Result<M>;
  }

  /** Starts a call as a task of the pool. Rejects as `call` does. */
  async start<M extends Method>(method: M, params: Params<M>, options: CallOptions = {}): Promise<Ref> {
    const name = `Async.${method}`;
    return this.#understand(name, REF, await this.#repeat(name, params, options));
  }

  /** For transfers of disks, where it stands in the address. */
  async sessionRef(): Promise<Ref> {
    return (await this.#login()).ref;
  }

  /** Has the next call log in again, unless that was done meanwhile. */
  async forgetSession(ref: Ref): Promise<void> {
    const session = this.#session;
    if ((await session?.catch(() => null))?.ref === ref && this.#session === session) this.#session = null;
  }

  /** Where a host of the pool is spoken to, by its address. Throws POOL_PROTOCOL. */
  hostUrl(address: string): URL {
    const url = hostUrl(address, this.#pool);
    if (url === null) throw this.#unusable('the pool tells a host address that is none');
    return url;
  }

  /** Members to look for the master at, should the present one not answer. */
  rememberHosts(addresses: readonly string[]): void {
    const known = new Set(this.#candidates.map(({ origin }) => origin));
    for (const address of addresses) {
      const url = hostUrl(address, this.#pool);
      if (url === null || known.has(url.origin)) continue;
      known.add(url.origin);
      this.#candidates.push(url);
    }
  }

  /** Ends the session; calls under way reject. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const session = await this.#session?.catch(() => null);
    if (session !== null && session !== undefined) {
      const limits = { timeoutMs: this.patience.connect };
      // A session that is not ended ends by itself.
      await this.#rpc.call(session.host, 'session.logout', [session.ref], limits).catch(() => {});
    }
    await this.#rpc.close();
  }

  async #repeat(method: string, params: readonly unknown[], { signal }: CallOptions): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      const session = await this.#login();
      try {
        const limits = { timeoutMs: this.patience.idle, signal };
        return await this.#rpc.call(session.host, method, [session.ref, ...params], limits);
      } catch (error) {
        const pause = pauseAfter(attempt, this.patience.pauseScale);
        if (this.#closed || pause === null || !helpsAgain(error, method)) throw error;
        if (isFault(error, 'HOST_IS_SLAVE')) this.#follow(error.parameters[0] ?? '');
        if (!isFault(error, ...BUSY)) await this.forgetSession(session.ref);
        if (!isFault(error, 'SESSION_INVALID', 'HOST_IS_SLAVE')) await pauseFor(pause, signal);
      }
    }
  }

  #login(): Promise<Session> {
    if (this.#closed) {
      return Promise.reject(new XenferryError('CANCELED', 'the pool was left', { file: this.shown }));
    }
    if (this.#session === null) {
      const session = this.#findMaster();
      this.#session = session;
      // Who asks next tries again.
      session.catch(() => {
        if (this.#session === session) this.#session = null;
      });
    }
    return this.#session;
  }

  /** A session with whichever known member is, or leads to, the master. */
  async #findMaster(): Promise<Session> {
    for (let attempt = 1; ; attempt++) {
      let failure: unknown;
      for (const candidate of [...this.#candidates]) {
        try {
          return await this.#loginAt(candidate);
        } catch (error) {
          if (!(error instanceof TransportFailure) && !isFault(error, ...BUSY)) throw error;
          if (error instanceof TransportFailure && error.kind === 'hopeless') throw error;
          failure = error;
        }
      }
      const pause = pauseAfter(attempt, this.patience.pauseScale);
      if (pause === null || this.#closed) throw failure;
      await pauseFor(pause);
    }
  }

  async #loginAt(candidate: URL): Promise<Session> {
    const credentials = [this.#user, this.#password, API_VERSION, ORIGINATOR];
    let host = candidate;
    for (let redirects = 0; ; redirects++) {
      try {
        const limits = { timeoutMs: this.patience.idle };
        const ref = await this.#rpc.call(host, 'session.login_with_password', credentials, limits);
        return { host, ref: this.#understand('session.login_with_password', REF, ref) };
      } catch (error) {
        if (!isFault(error, 'HOST_IS_SLAVE') || redirects === MAX_REDIRECTS) throw error;
        host = this.#follow(error.parameters[0] ?? '');
      }
    }
  }

  /** Makes the named master the first to be asked. */
  #follow(address: string): URL {
    const master = this.hostUrl(address);
    this.#candidates = [master, ...this.#candidates.filter(({ origin }) => origin !== master.origin)];
    return master;
  }

  #understand<T>(method: string, schema: z.ZodType<T>, value: unknown): T {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const field = parsed.error.issues[0]?.path
      .filter((part) => !String(part).startsWith('OpaqueRef'))
      .join('.');
    throw this.#unusable(`${method}: the answer has no usable ${field === '' ? 'value' : field}`);
  }

  #unusable(message: string): XenferryError {
    return new XenferryError('POOL_PROTOCOL', message, { file: this.shown });
  }
}

function helpsAgain(error: unknown, method: string): boolean {
  if (isFault(error, 'SESSION_INVALID', 'HOST_IS_SLAVE', ...BUSY)) return true;
  if (!(error instanceof TransportFailure)) return false;
  return error.kind === 'not sent' || (error.kind === 'broken' && isRepeatable(method));
}
