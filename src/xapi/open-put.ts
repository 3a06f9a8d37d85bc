import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { openSocket } from './open-socket.js';
import { transportFailure } from './transport-failure.js';
import type { XapiClient } from './xapi-client.js';

export interface PutTarget {
  /** Of the host. */
  readonly address: string;
  /** With the query. */
  readonly path: string;
  readonly byteLength: number;
  readonly signal: AbortSignal;
}

/** A request whose head was answered and whose body is yet to be sent. */
export interface OpenPut {
  readonly request: ClientRequest;
  readonly status: number;
  readonly location: string | undefined;
  /** Resolves when the connection is gone, however that came. */
  readonly ended: Promise<unknown>;
}

/** Sends the head of a PUT and waits for the answer, as XAPI gives it. Rejects with POOL_UNREACHABLE. */
export async function openPut(client: XapiClient, target: PutTarget): Promise<OpenPut> {
  const { path, byteLength, signal } = target;
  const url = client.hostUrl(target.address);
  try {
    const socket = await openSocket(client.connector, url);
    // A length is what keeps any framing of HTTP's out, which XAPI does not know.
    const headers = { host: url.host, 'content-length': byteLength };
    const put = request({ method: 'PUT', path, headers, createConnection: () => socket, signal });
    const ended = new Promise<unknown>((resolve) => {
      put.on('error', resolve);
      put.on('close', () => resolve(null));
    });
    put.flushHeaders();
    const answer = await firstAnswer(put, client.patience.idle);
    // A failure is told in a second answer on the same connection; the task tells it as well.
    answer.on('error', () => {}).resume();
    return { request: put, status: answer.statusCode ?? 0, location: answer.headers.location, ended };
  } catch (error) {
    throw transportFailure(error, client.shown);
  }
}

function firstAnswer(put: ClientRequest, idleMs: number): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const late = Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' });
    const timer = setTimeout(() => put.destroy(late), idleMs);
    put.on('response', resolve);
    put.on('error', reject);
    put.on('close', () => {
      reject(Object.assign(new Error('no answer'), { code: 'ECONNRESET' }));
      clearTimeout(timer);
    });
    put.on('response', () => clearTimeout(timer));
  });
}
