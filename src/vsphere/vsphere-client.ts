import { buildConnector } from 'undici';
import type { z } from 'zod';
import { parseFingerprint, pinnedConnector } from '../io/pinned-connector.js';
import { pauseAfter } from '../io/retry-pauses.js';
import { pauseFor } from '../model/abort.js';
import { XenferryError } from '../model/errors.js';
import { loginFailure } from './login-failure.js';
import { isRepeatable, METHODS, type Method, type Result } from './methods.js';
import { parseVsphereUrl } from './server-address.js';
import { type About, SERVICE_INSTANCE, type ServiceContent } from './service-content.js';
import { isSessionLost, SessionEnded } from './session-lost.js';
import { soapEnvelope } from './soap-envelope.js';
import { SoapTransport } from './soap-transport.js';
import { TransportFailure } from './transport-failure.js';
import type { Ref, VimArgument } from './vim-value.js';

/** Known to all servers in the field; from then on that of the server counts. */
const FIRST_VERSION = '5.5';
/** Milliseconds between two signs of life: a session ends after half an hour without any. */
const KEEP_ALIVE = 5 * 60_000;

/** Times in milliseconds. */
export interface VspherePatience {
  readonly connect: number;
  /** Until an answer begins, and between two parts of it. */
  readonly idle: number;
  /** Pauses between attempts are multiplied by it. */
  readonly pauseScale: number;
}

const PATIENCE: VspherePatience = { connect: 10_000, idle: 120_000, pauseScale: 1 };

export interface VsphereLogin {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly tlsFingerprints: readonly string[];
  /** Stops all calls. */
  readonly signal?: AbortSignal | undefined;
  readonly patience?: VspherePatience | undefined;
}

export interface VsphereCallOptions {
  /** Instead of the client's. */
  readonly signal?: AbortSignal | undefined;
  /** `cookie` of the session that what is called lives in: another one has nothing of it, and `isSessionLost` is told. */
  readonly inSession?: string | undefined;
}

interface Session {
  readonly cookie: string;
  readonly content: ServiceContent;
}

/** A vCenter or an ESXi host as one session sees it; logs in again when the session ends. */
export class VsphereClient {
  /** For people: the server's address. */
  readonly shown: string;
  readonly origin: URL;
  readonly patience: VspherePatience;
  readonly connector: buildConnector.connector;
  readonly #soap: SoapTransport;
  readonly #user: string;
  readonly #password: string;
  readonly #signal: AbortSignal | undefined;
  readonly #keepAlive: NodeJS.Timeout;
  #session: Promise<Session> | null = null;
  #closed = false;

  /** Throws CONFIG_INVALID. */
  constructor({ url, user, password, tlsFingerprints, signal, patience = PATIENCE }: VsphereLogin) {
    this.origin = parseVsphereUrl(url);
    this.shown = this.origin.origin;
    this.patience = patience;
    this.connector = connectorTo(this.shown, tlsFingerprints, patience.connect);
    this.#soap = new SoapTransport(this.connector, this.shown);
    this.#user = user;
    this.#password = password;
    this.#signal = signal;
    this.#keepAlive = setInterval(() => void this.#showLife(), KEEP_ALIVE).unref();
  }

  /** What the server is. Rejects as `call` does. */
  async about(): Promise<About> {
    return (await this.content()).about;
  }

  /** The objects to begin with. Rejects as `call` does. */
  async content(): Promise<ServiceContent> {
    return (await this.#login()).content;
  }

  /** What a request beside the SOAP interface shows as `cookie`. Rejects as `call` does. */
  async cookie(): Promise<string> {
    return (await this.#login()).cookie;
  }

  /** Has the next call log in again, unless that was done since the session with this cookie. */
  async forgetSession(cookie: string): Promise<void> {
    const session = this.#session;
    if ((await session?.catch(() => null))?.cookie === cookie && this.#session === session)
      this.#session = null;
  }

  /**
   * Calls `method` of an object, again where that may help and cannot do harm. Rejects with a VsphereFault (VSPHERE_DENIED,
   * VSPHERE_OBJECT_MISSING, VSPHERE_FAULT), VSPHERE_UNREACHABLE, VSPHERE_LOGIN, VSPHERE_PROTOCOL, CANCELED.
   */
  async call<M extends Method>(
    method: M,
    target: Ref,
    parameters: Readonly<Record<string, VimArgument>> = {},
    options: VsphereCallOptions = {},
  ): Promise<Result<M>> {
    const { signal = this.#signal, inSession } = options;
    const envelope = soapEnvelope(method, { _this: target, ...parameters });
    for (let attempt = 1, renewed = false; ; attempt++) {
      const session = await this.#login();
      if (inSession !== undefined && session.cookie !== inSession) throw new SessionEnded(this.shown);
      try {
        const { value } = await this.#soap.post(method, envelope, this.#limits(session, signal));
        return this.#understand(method, value);
      } catch (error) {
        if (isSessionLost(error)) {
          await this.forgetSession(session.cookie);
          if (renewed || inSession !== undefined || this.#closed) throw error;
          renewed = true;
          continue;
        }
        const pause = pauseAfter(attempt, this.patience.pauseScale);
        if (this.#closed || pause === null || !helpsAgain(error, method)) throw error;
        await pauseFor(pause, signal);
      }
    }
  }

  /** Ends the session; calls under way reject. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#keepAlive);
    const session = await this.#session?.catch(() => null);
    if (session !== null && session !== undefined) {
      const envelope = soapEnvelope('Logout', { _this: session.content.sessionManager });
      const limits = { ...this.#limits(session, undefined), timeoutMs: this.patience.connect };
      // A session that is not ended ends by itself.
      await this.#soap.post('Logout', envelope, limits).catch(() => {});
    }
    await this.#soap.close();
  }

  #login(): Promise<Session> {
    if (this.#closed) {
      return Promise.reject(new XenferryError('CANCELED', 'the server was left', { file: this.shown }));
    }
    if (this.#session === null) {
      const session = this.#openSession();
      this.#session = session;
      // Who asks next tries again.
      session.catch(() => {
        if (this.#session === session) this.#session = null;
      });
    }
    return this.#session;
  }

  async #openSession(): Promise<Session> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#tryLogin();
      } catch (error) {
        const pause = pauseAfter(attempt, this.patience.pauseScale);
        const passing = error instanceof TransportFailure && error.kind !== 'hopeless';
        if (this.#closed || pause === null || !passing) {
          throw loginFailure(error, this.#user, this.shown);
        }
        await pauseFor(pause, this.#signal);
      }
    }
  }

  async #tryLogin(): Promise<Session> {
    const limits = { timeoutMs: this.patience.idle, signal: this.#signal };
    const asking = soapEnvelope('RetrieveServiceContent', { _this: SERVICE_INSTANCE });
    const first = await this.#soap.post('RetrieveServiceContent', asking, {
      ...limits,
      version: FIRST_VERSION,
      cookie: null,
    });
    const content = this.#understand('RetrieveServiceContent', first.value);
    const credentials = { userName: this.#user, password: this.#password };
    const login = soapEnvelope('Login', { _this: content.sessionManager, ...credentials });
    const { value, cookie } = await this.#soap.post('Login', login, {
      ...limits,
      version: content.about.apiVersion,
      cookie: first.cookie,
    });
    this.#understand('Login', value);
    const shown = cookie ?? first.cookie;
    if (shown === null) throw this.#unusable('Login: the answer has no session');
    return { cookie: shown, content };
  }

  #limits({ cookie, content }: Session, signal: AbortSignal | undefined) {
    return { version: content.about.apiVersion, cookie, timeoutMs: this.patience.idle, signal };
  }

  async #showLife(): Promise<void> {
    if (this.#session === null) return;
    // Who needs the session next hears what is wrong with it.
    await this.call('CurrentTime', SERVICE_INSTANCE).catch(() => {});
  }

  #understand<M extends Method>(method: M, value: unknown): Result<M> {
    // The table gives each method its own schema; a compiler cannot see that the one for M gives Result<M>.
    const schema: z.ZodType = METHODS[method];
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data as Result<M>;
    const field = parsed.error.issues[0]?.path.join('.') ?? '';
    throw this.#unusable(`${method}: the answer has no usable ${field === '' ? 'value' : field}`);
  }

  #unusable(message: string): XenferryError {
    return new XenferryError('VSPHERE_PROTOCOL', message, { file: this.shown });
  }
}

/** Connects to a server with a certificate that is trusted. Throws CONFIG_INVALID for what is no fingerprint. */
export function connectorTo(
  server: string,
  fingerprints: readonly string[],
  timeoutMs: number,
): buildConnector.connector {
  if (fingerprints.length === 0) return buildConnector({ timeout: timeoutMs });
  return pinnedConnector({
    fingerprints: fingerprints.map(parseFingerprint),
    timeoutMs,
    code: 'VSPHERE_UNREACHABLE',
    name: server,
  });
}

function helpsAgain(error: unknown, method: Method): boolean {
  if (!(error instanceof TransportFailure)) return false;
  return error.kind === 'not sent' || (error.kind === 'broken' && isRepeatable(method));
}
