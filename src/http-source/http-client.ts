import { Agent, type Dispatcher } from 'undici';
import { parseFingerprint, pinnedConnector } from '../io/pinned-connector.js';
import { type ErrorPlace, XenferryError } from '../model/errors.js';
import { KIB } from '../model/units.js';
import { withAttempts } from './attempts.js';
import { requestFailure, statusFailure } from './failures.js';
import { type HttpTarget, isHttp } from './http-url.js';

/** Blocks in flight in a thread, and one for metadata. */
const CONNECTIONS = 4;
const MAX_REDIRECTS = 5;
const REDIRECTS = [301, 302, 303, 307, 308];
/** Whole, a part, and no such part (RFC 9110): what they mean depends on what was asked. */
const ANSWERS = [200, 206, 416];
/** What is left of an answer is read up to here to keep the connection, else the connection is given up. */
const LEFTOVER_BYTES = 64 * KIB;

/** Times in milliseconds. */
export interface Patience {
  readonly connect: number;
  /** Until the answer begins, and between two parts of it. */
  readonly idle: number;
  /** Before the second attempt; twice that before the third. */
  readonly retry: number;
}

const PATIENCE: Patience = { connect: 10_000, idle: 60_000, retry: 500 };

/** A login that requests show by headers, where it is not the URL's. */
export interface HttpSession {
  headers(): Promise<Readonly<Record<string, string>>>;
  /** After status 401 to these headers; the request is then sent once more. */
  renew(refused: Readonly<Record<string, string>>): Promise<void>;
  close(): void;
}

export interface ClientOptions {
  /** SHA-256 of the certificates to trust, in hex; without any, those the system trusts. */
  readonly tlsFingerprints?: readonly string[] | undefined;
  /** Is taken over. */
  readonly session?: HttpSession | undefined;
  readonly patience?: Patience | undefined;
}

export type Answer = Dispatcher.ResponseData;

/** Asks a server for parts of one file. */
export class HttpClient {
  readonly #target: HttpTarget;
  readonly #patience: Patience;
  readonly #agent: Agent;
  readonly #session: HttpSession | undefined;
  readonly #closing = new AbortController();
  /** Where redirects led the last time. */
  #url: URL;

  /** Throws CONFIG_INVALID. */
  constructor(target: HttpTarget, { tlsFingerprints = [], session, patience = PATIENCE }: ClientOptions) {
    if (tlsFingerprints.length > 0 && target.url.protocol !== 'https:') {
      throw new XenferryError('CONFIG_INVALID', 'a certificate cannot be checked without https', {
        file: target.shown,
      });
    }
    this.#target = target;
    this.#url = target.url;
    this.#patience = patience;
    this.#session = session;
    this.#agent = new Agent({
      connections: CONNECTIONS,
      headersTimeout: patience.idle,
      bodyTimeout: patience.idle,
      connect:
        tlsFingerprints.length === 0
          ? { timeout: patience.connect }
          : pinnedConnector({
              fingerprints: tlsFingerprints.map(parseFingerprint),
              timeoutMs: patience.connect,
              code: 'SOURCE_UNREADABLE',
              name: target.shown,
            }),
    });
  }

  /**
   * Asks for `length` bytes from `offset` and gives the answer to `use`, again where that may help. The answer has
   * status 200, 206 or 416. Rejects with SOURCE_*, with what `use` rejects with, or with CANCELED after `close`.
   */
  async get<T>(
    offset: number,
    length: number,
    headers: Readonly<Record<string, string>>,
    use: (answer: Answer) => Promise<T>,
  ): Promise<T> {
    const place = { file: this.#target.shown, offset };
    const wanted = {
      ...headers,
      range: `bytes=${offset}-${offset + length - 1}`,
      'accept-encoding': 'identity',
    };
    return await withAttempts(
      async () => {
        try {
          const answer = await this.#follow(wanted, place);
          try {
            return await use(answer);
          } finally {
            await leave(answer);
          }
        } catch (error) {
          this.#url = this.#target.url;
          throw requestFailure(error, place);
        }
      },
      this.#patience.retry,
      this.#closing.signal,
    );
  }

  /** Requests under way reject at once. */
  close(): void {
    if (this.#closing.signal.aborted) return;
    const reason = new XenferryError('CANCELED', 'the file was closed', { file: this.#target.shown });
    this.#closing.abort(reason);
    void this.#agent.destroy(reason);
    this.#session?.close();
  }

  async #follow(headers: Readonly<Record<string, string>>, place: ErrorPlace): Promise<Answer> {
    const { url: origin } = this.#target;
    const known = this.#url;
    let url = known;
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#send(url, headers);
      if (ANSWERS.includes(answer.statusCode)) {
        this.#url = url;
        return answer;
      }
      await leave(answer);
      if (!REDIRECTS.includes(answer.statusCode)) {
        throw statusFailure(answer.statusCode, place, known !== origin);
      }
      if (redirects === MAX_REDIRECTS) throw refused(`more than ${MAX_REDIRECTS} redirects`, place);
      url = redirectedUrl(url, answer, place);
    }
  }

  /** Another server gets no credentials. */
  async #send(url: URL, headers: Readonly<Record<string, string>>): Promise<Answer> {
    const { authorization, url: origin } = this.#target;
    if (url.origin !== origin.origin) return await this.#request(url, headers);
    if (this.#session === undefined) {
      return await this.#request(url, authorization === null ? headers : { ...headers, authorization });
    }
    const shown = await this.#session.headers();
    const answer = await this.#request(url, { ...headers, ...shown });
    if (answer.statusCode !== 401) return answer;
    await leave(answer);
    await this.#session.renew(shown);
    return await this.#request(url, { ...headers, ...(await this.#session.headers()) });
  }

  async #request(url: URL, headers: Readonly<Record<string, string>>): Promise<Answer> {
    return await this.#agent.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: 'GET',
      headers,
    });
  }
}

async function leave({ body }: Answer): Promise<void> {
  await body.dump({ limit: LEFTOVER_BYTES });
}

function redirectedUrl(from: URL, { headers, statusCode }: Answer, place: ErrorPlace): URL {
  const { location } = headers;
  if (typeof location !== 'string' || !URL.canParse(location, from.href)) {
    throw refused(`status ${statusCode} without a usable address`, place);
  }
  const to = new URL(location, from);
  if (!isHttp(to) || (from.protocol === 'https:' && to.protocol !== 'https:')) {
    throw refused(`it redirects from ${from.protocol} to ${to.protocol}`, place);
  }
  return to;
}

function refused(what: string, place: ErrorPlace): XenferryError {
  return new XenferryError('SOURCE_UNREADABLE', `the server cannot be followed: ${what}`, place);
}
