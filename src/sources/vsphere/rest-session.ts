import { Agent } from 'undici';
import { z } from 'zod';
import { readSecretLine } from '../../io/secret-line.js';
import { systemErrorCode, XenferryError } from '../../model/errors.js';
import { MIB } from '../../model/units.js';
import type { VsphereReference } from '../../model/vsphere-reference.js';
import type { VsphereClient } from '../../vsphere/index.js';

const MAX_PASSWORD_BYTES = 1024;
const MAX_ANSWER_BYTES = 64 * MIB;

/** The two forms of vCenter's REST interface: that since 7.0 U2, and the one before. */
interface Form {
  readonly session: string;
  readonly tagging: string;
  readonly action: string;
  /** Stands before an id in a path. */
  readonly idMark: string;
  /** What an answer holds. */
  readonly open: (answer: unknown) => unknown;
}

const FORMS: readonly Form[] = [
  {
    session: '/api/session',
    tagging: '/api/cis/tagging',
    action: 'action',
    idMark: '',
    open: (answer) => answer,
  },
  {
    session: '/rest/com/vmware/cis/session',
    tagging: '/rest/com/vmware/cis/tagging',
    action: '~action',
    idMark: 'id:',
    open: (answer) => z.object({ value: z.unknown() }).parse(answer).value,
  },
];

interface Reply {
  readonly status: number;
  readonly answer: unknown;
}

/** A session of the REST interface, which knows tags; the other one has none. Rules of TLS are those of the client. */
export class RestSession {
  readonly #agent: Agent;
  readonly #client: VsphereClient;
  readonly #signal: AbortSignal | null;
  #form: Form | null = null;
  #token = '';

  private constructor(client: VsphereClient, signal: AbortSignal | undefined) {
    this.#client = client;
    this.#signal = signal ?? null;
    this.#agent = new Agent({ connect: client.connector });
  }

  /** Logs in. Rejects with VSPHERE_DENIED where there is no such interface or it refuses the user, VSPHERE_UNREACHABLE, … */
  static async open(
    client: VsphereClient,
    { user, password }: VsphereReference,
    signal: AbortSignal | undefined,
  ): Promise<RestSession> {
    const session = new RestSession(client, signal);
    try {
      const secret = await readSecretLine(password, 'password', MAX_PASSWORD_BYTES);
      await session.#login(`Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`);
      return session;
    } catch (error) {
      await session.#agent.destroy();
      throw error;
    }
  }

  /** All ids of what the tagging service has at `path`, such as `/tag`, or the one with an id. */
  async get(path: string, id?: string): Promise<unknown> {
    return await this.#ask('GET', id === undefined ? path : `${path}/${this.#form?.idMark}${id}`);
  }

  async act(path: string, action: string, body: unknown): Promise<unknown> {
    return await this.#ask('POST', `${path}?${this.#form?.action}=${action}`, JSON.stringify(body));
  }

  async close(): Promise<void> {
    if (this.#form !== null) {
      // One that is not ended ends by itself.
      await this.#request('DELETE', this.#form.session, {}, undefined).catch(() => {});
    }
    await this.#agent.close();
  }

  async #login(authorization: string): Promise<void> {
    let status = 0;
    for (const form of FORMS) {
      const reply = await this.#request('POST', form.session, { authorization }, undefined);
      ({ status } = reply);
      if (status >= 200 && status < 300) {
        this.#form = form;
        this.#token = this.#read(z.string().regex(/^[\x21-\x7e]{1,4096}$/), form.open(reply.answer));
        return;
      }
      if (status !== 404) break;
    }
    throw this.#refused('the login', status);
  }

  async #ask(method: 'GET' | 'POST', path: string, body?: string): Promise<unknown> {
    const form = this.#form ?? FORMS[0];
    const { status, answer } = await this.#request(method, `${form?.tagging}${path}`, {}, body);
    if (status !== 200) throw this.#refused(path.replace(/\?.*$/, ''), status);
    return form?.open(answer);
  }

  async #request(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    headers: Readonly<Record<string, string>>,
    body: string | undefined,
  ): Promise<Reply> {
    try {
      const { statusCode, body: answer } = await this.#agent.request({
        origin: this.#client.shown,
        path,
        method,
        headers: {
          accept: 'application/json',
          'content-type': 'application/json',
          ...(this.#token === '' ? {} : { 'vmware-api-session-id': this.#token }),
          ...headers,
        },
        body: body ?? null,
        headersTimeout: this.#client.patience.idle,
        bodyTimeout: this.#client.patience.idle,
        signal: this.#signal,
      });
      const parts: Uint8Array[] = [];
      let bytes = 0;
      for await (const part of answer) {
        const read: Uint8Array = part;
        bytes += read.length;
        if (bytes > MAX_ANSWER_BYTES)
          throw this.#unusable(`an answer is longer than ${MAX_ANSWER_BYTES} bytes`);
        parts.push(read);
      }
      return { status: statusCode, answer: this.#json(Buffer.concat(parts).toString()) };
    } catch (error) {
      if (this.#signal?.aborted === true) {
        throw new XenferryError('CANCELED', 'the call was stopped', { cause: error });
      }
      if (error instanceof XenferryError) throw error;
      const code = systemErrorCode(error) ?? 'unknown';
      throw new XenferryError('VSPHERE_UNREACHABLE', `the REST interface cannot be reached (${code})`, {
        file: this.#client.shown,
        cause: error,
      });
    }
  }

  #json(text: string): unknown {
    if (text === '') return null;
    try {
      return JSON.parse(text);
    } catch {
      // Pages of a proxy, or of a server without the interface, whose status tells all there is to tell.
      return null;
    }
  }

  #read<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw this.#unusable('an answer of the REST interface is none of vSphere’s');
  }

  #unusable(message: string): XenferryError {
    return new XenferryError('VSPHERE_PROTOCOL', message, { file: this.#client.shown });
  }

  #refused(what: string, status: number): XenferryError {
    return new XenferryError('VSPHERE_DENIED', `the REST interface answers ${what} with status ${status}`, {
      file: this.#client.shown,
    });
  }
}
