import { setMaxListeners } from 'node:events';
import { Agent } from 'undici';
import { z } from 'zod';
import { XenferryError } from '../model/errors.js';
import { KIB, MIB } from '../model/units.js';
import type { Connector } from './connection.js';
import { PoolFault } from './pool-fault.js';
import { TransportFailure, transportFailure } from './transport-failure.js';

/** What XAPI takes; it answers more with status 500. */
const MAX_CALL_BYTES = 300 * KIB;
/** All records of a class in a large pool are tens of megabytes. */
const MAX_REPLY_BYTES = 256 * MIB;

/**
 * XAPI's replies: an error is an object after dispatch and an array before it, as while a host is starting; then the
 * id is 0 (ocaml-rpc, jsonrpc.ml; api_server.ml).
 */
const REPLY = z.object({
  id: z.union([z.number(), z.string()]),
  result: z.unknown().optional(),
  error: z
    .union([
      z.array(z.string()).min(1),
      z.object({ message: z.string(), data: z.array(z.string()).default([]) }),
    ])
    .nullish(),
});

export interface CallLimits {
  /** Until the answer begins, and between two parts of it. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Single calls to single hosts. */
export class JsonRpc {
  readonly #agent: Agent;
  readonly #pool: string;
  #lastId = 0;

  /** `pool` is for errors. */
  constructor(connector: Connector, pool: string) {
    this.#agent = new Agent({ connect: connector });
    this.#pool = pool;
  }

  /** Rejects with a PoolFault, a TransportFailure, POOL_PROTOCOL, or CANCELED by the signal. */
  async call(host: URL, method: string, params: readonly unknown[], limits: CallLimits): Promise<unknown> {
    const id = ++this.#lastId;
    const body = JSON.stringify({ jsonrpc: '2.0', id, method, params });
    if (Buffer.byteLength(body) > MAX_CALL_BYTES) {
      throw this.#unusable(`${method}: the call is longer than the ${MAX_CALL_BYTES} bytes that XAPI takes`);
    }
    const reply = REPLY.safeParse(parseJson(await this.#post(host, body, limits)));
    if (!reply.success) throw this.#unusable(`${method}: the answer is not JSON-RPC's`);
    const { error, result } = reply.data;
    if (error !== undefined && error !== null) {
      const [fault = '', ...parameters] = Array.isArray(error) ? error : [error.message, ...error.data];
      throw new PoolFault(fault, parameters, method, this.#pool);
    }
    if (reply.data.id !== id) throw this.#unusable(`${method}: the answer belongs to another call`);
    return result;
  }

  /** Calls under way reject at once. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #post(host: URL, body: string, { timeoutMs, signal }: CallLimits): Promise<string> {
    // Any number of calls may be under way for the same work.
    if (signal != null) setMaxListeners(0, signal);
    try {
      const answer = await this.#agent.request({
        origin: host.origin,
        path: '/jsonrpc',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        signal: signal ?? null,
      });
      if (answer.statusCode !== 200) {
        await answer.body.dump({ limit: 64 * KIB });
        const kind = answer.statusCode >= 500 ? 'broken' : 'hopeless';
        throw new TransportFailure(kind, `the host answers with status ${answer.statusCode}`, this.#pool);
      }
      const parts: Buffer[] = [];
      let length = 0;
      for await (const part of answer.body) {
        const bytes: Buffer = part;
        length += bytes.length;
        if (length > MAX_REPLY_BYTES) throw this.#unusable('the answer is larger than any pool needs');
        parts.push(bytes);
      }
      return Buffer.concat(parts).toString('utf8');
    } catch (error) {
      if (signal?.aborted === true)
        throw new XenferryError('CANCELED', 'the call was stopped', { cause: error });
      throw transportFailure(error, this.#pool);
    }
  }

  #unusable(message: string): XenferryError {
    return new XenferryError('POOL_PROTOCOL', message, { file: this.#pool });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
