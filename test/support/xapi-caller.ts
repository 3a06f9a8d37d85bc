import { request } from 'node:https';
import { z } from 'zod';
import { selfSigned } from './certificate.js';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

export interface HttpCall {
  readonly method?: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** For simulated pools that are called from here; it is the only one that these calls trust. */
export const POOL_CERTIFICATE = selfSigned(['127.0.0.1', '127.0.0.2', '127.0.0.3']);

/** One request to a server that has `POOL_CERTIFICATE`. */
export async function http(url: string, call: HttpCall = {}): Promise<HttpAnswer> {
  const { method = 'GET', body, headers = {} } = call;
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, ca: POOL_CERTIFICATE.cert, agent: false }, (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(pieces) }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const ANSWER = z.union([
  z.object({ result: z.unknown(), id: z.unknown() }),
  z.object({ error: z.object({ code: z.literal(1), message: z.string(), data: z.array(z.string()) }) }),
]);

/** What a call failed with, as `CODE p1 p2`. */
class CallFailed extends Error {}

export interface XapiCaller {
  readonly session: string;
  call(method: string, ...params: readonly unknown[]): Promise<unknown>;
  text(method: string, ...params: readonly unknown[]): Promise<string>;
}

/** Calls a method over JSON-RPC; throws CallFailed with its code and parameters. */
export async function rpc(url: string, method: string, params: readonly unknown[]): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', method, params, id: 1 });
  const answer = await http(`${url}/jsonrpc`, { method: 'POST', body });
  const told = ANSWER.parse(JSON.parse(answer.body.toString('utf8')));
  if ('error' in told) {
    throw new CallFailed([told.error.message, ...told.error.data].join(' '));
  }
  return told.result;
}

/** Logs in and calls with the session that it gets. */
export async function logIn(url: string, name = 'root', password = 'simulated'): Promise<XapiCaller> {
  const session = z
    .string()
    .parse(await rpc(url, 'session.login_with_password', [name, password, '1.0', 'test']));
  const call = (method: string, ...params: readonly unknown[]): Promise<unknown> =>
    rpc(url, method, [session, ...params]);
  return {
    session,
    call,
    text: async (method, ...params) => z.string().parse(await call(method, ...params)),
  };
}
