import { setMaxListeners } from 'node:events';
import { Agent, type buildConnector } from 'undici';
import { z } from 'zod';
import { XenferryError } from '../model/errors.js';
import { KIB } from '../model/units.js';
import { SessionEnded } from './session-lost.js';
import { TransportFailure, transportFailure } from './transport-failure.js';
import { ANY_VALUE, TEXT, vimObject } from './vim-schemas.js';
import type { VimValue } from './vim-value.js';
import { VsphereFault } from './vsphere-fault.js';
import { XmlReader } from './xml-reader.js';

/** SOAP 1.1, 4.4: what is wrong, and one element about it, which vSphere calls `<class>Fault`. */
const FAULT = z.object({
  faultstring: TEXT.default(''),
  detail: z.record(z.string(), ANY_VALUE).catch({}),
});
const BODY = z.object({ Body: z.record(z.string(), z.unknown()) });
const ANSWER = vimObject({ returnval: ANY_VALUE.optional() });

export interface PostOptions {
  /** Of the interface, as `about.apiVersion` has it. */
  readonly version: string;
  readonly cookie: string | null;
  /** Until the answer begins, and between two parts of it, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface PostAnswer {
  /** What the call returns; undefined for nothing. */
  readonly value: unknown;
  /** The session's cookie, `name=value`, where the answer sets one. */
  readonly cookie: string | null;
}

/** Single calls to one server. */
export class SoapTransport {
  readonly #agent: Agent;
  readonly #origin: string;

  constructor(connector: buildConnector.connector, origin: string) {
    this.#agent = new Agent({ connect: connector });
    this.#origin = origin;
  }

  /**
   * Rejects with a VsphereFault, SessionEnded, a TransportFailure, VSPHERE_PROTOCOL, or CANCELED by the signal. No
   * error has anything of the envelope.
   */
  async post(method: string, envelope: string, options: PostOptions): Promise<PostAnswer> {
    const { signal } = options;
    // Any number of calls may be under way for the same work.
    if (signal !== undefined) setMaxListeners(0, signal);
    try {
      return await this.#post(method, envelope, options);
    } catch (error) {
      if (signal?.aborted === true)
        throw new XenferryError('CANCELED', 'the call was stopped', { cause: error });
      throw transportFailure(error, this.#origin);
    }
  }

  /** Calls under way reject at once. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #post(method: string, envelope: string, options: PostOptions): Promise<PostAnswer> {
    const { version, cookie, timeoutMs, signal } = options;
    const { statusCode, headers, body } = await this.#agent.request({
      origin: this.#origin,
      path: '/sdk',
      method: 'POST',
      headers: {
        'content-type': 'text/xml; charset=utf-8',
        // Sessions and events of the server name it.
        'user-agent': 'xenferry',
        soapaction: `"urn:vim25/${version}"`,
        ...(cookie === null ? {} : { cookie }),
      },
      body: envelope,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      signal: signal ?? null,
    });
    const type = headers['content-type'];
    // Faults come with status 500; whatever stands before the server answers with pages of its own.
    if ((statusCode !== 200 && statusCode !== 500) || typeof type !== 'string' || !/\bxml\b/i.test(type)) {
      await body.dump({ limit: 64 * KIB });
      throw this.#unexpected(statusCode);
    }
    const reader = new XmlReader(this.#origin);
    for await (const part of body) {
      const bytes: Uint8Array = part;
      reader.write(bytes);
    }
    return { value: this.#open(method, reader.end().value), cookie: sessionCookie(headers['set-cookie']) };
  }

  /** What is inside the envelope. */
  #open(method: string, envelope: VimValue): unknown {
    const body = BODY.safeParse(envelope).data?.Body ?? {};
    const fault = FAULT.safeParse(body.Fault);
    if (fault.success) throw this.#fault(method, fault.data);
    const answer = ANSWER.safeParse(body[`${method}Response`]);
    if (!answer.success) {
      throw new XenferryError('VSPHERE_PROTOCOL', `${method}: the answer belongs to another call`, {
        file: this.#origin,
      });
    }
    return answer.data.returnval;
  }

  #fault(method: string, { faultstring, detail }: z.output<typeof FAULT>): VsphereFault {
    const [[name, details] = ['Fault', '']] = Object.entries(detail).filter(([key]) => key !== '_type');
    const options = { what: method, server: this.#origin };
    return new VsphereFault(name.replace(/Fault$/, ''), faultstring, details, options);
  }

  #unexpected(status: number): Error {
    if (status === 401) return new SessionEnded(this.#origin);
    const message = `the server answers with status ${status}`;
    // A proxy before a service that is starting, which has seen nothing.
    if (status === 503) return new TransportFailure('not sent', message, this.#origin);
    if (status >= 500) return new TransportFailure('broken', message, this.#origin);
    return new XenferryError('VSPHERE_PROTOCOL', message, { file: this.#origin });
  }
}

/** A vCenter quotes its value, and takes it back only with the quotes. */
function sessionCookie(header: string | string[] | undefined): string | null {
  const lines = typeof header === 'string' ? [header] : (header ?? []);
  const found = lines.flatMap((line) => /^\s*(vmware_soap_session=[^;\r\n]*)/.exec(line)?.[1] ?? []);
  return found.at(-1)?.trim() ?? null;
}
