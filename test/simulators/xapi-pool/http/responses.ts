import type { Socket } from 'node:net';
import type { XapiFailure } from '../failure.js';

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  302: 'Found',
  400: 'Bad Request',
  401: 'Unauthorised',
  403: 'Forbidden',
  404: 'Not Found',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Method Not Implemented',
  503: 'Service Unavailable',
};

/** Writes and waits until it is gone or the connection is; never throws. */
export async function send(socket: Socket, bytes: string | Buffer): Promise<void> {
  if (socket.destroyed) {
    return;
  }
  await new Promise<void>((resolve) => {
    const gone = (): void => resolve();
    socket.once('close', gone);
    socket.write(bytes, () => {
      socket.off('close', gone);
      resolve();
    });
  });
}

export interface Head {
  readonly status: number;
  readonly headers?: readonly string[];
  readonly version?: '1.0' | '1.1';
}

export function headText({ status, headers = [], version = '1.1' }: Head): string {
  const line = `HTTP/${version} ${status} ${REASONS[status] ?? 'Error'}`;
  return [line, ...headers, '', ''].join('\r\n');
}

/** A page for people that tells what went wrong; the connection ends after it. */
export function errorPage(status: number, failure?: XapiFailure, more: Partial<Head> = {}): string {
  const reason = REASONS[status] ?? 'Error';
  const details =
    failure === undefined
      ? ''
      : `<h1> Additional information </h1>${failure.code}: [ ${failure.params.join('; ')} ]`;
  const body = `<html><body><h1>HTTP ${status} ${reason}</h1>${details}</body></html>`;
  const headers = [
    'connection: close',
    'cache-control: no-cache, no-store',
    'content-type: text/html',
    `content-length: ${Buffer.byteLength(body)}`,
    ...(more.headers ?? []),
  ];
  return headText({ ...more, status, headers }) + body;
}
