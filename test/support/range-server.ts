import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface SeenRequest {
  readonly url: string;
  readonly range: string;
  readonly authorization: string | undefined;
}

export interface WebServer {
  /** `http://127.0.0.1:1234`, or https. */
  readonly origin: string;
  /** All requests so far. */
  readonly requests: readonly SeenRequest[];
}

/** A web server until the test ends; with `tls` over https. */
export async function webServer(answer: RequestListener, tls?: ServerOptions): Promise<WebServer> {
  const requests: SeenRequest[] = [];
  const listener: RequestListener = (request, response) => {
    const { range = '', authorization } = request.headers;
    requests.push({ url: request.url ?? '', range, authorization });
    answer(request, response);
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  const port = await listen(server);
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { origin: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`, requests };
}

/** Listens on a free port and tells which. */
export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

export interface ServedFile {
  readonly bytes: Buffer;
  readonly etag?: string;
}

/** Answers as a sound server does: with the range, or with the whole when the file is not the expected one. */
export function sendRange(request: IncomingMessage, response: ServerResponse, file: ServedFile): void {
  const { bytes, etag = '"1"' } = file;
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  const expected = request.headers['if-range'];
  response.setHeader('etag', etag);
  if (first === undefined || last === undefined || (expected !== undefined && expected !== etag)) {
    response.writeHead(200, { 'content-length': bytes.length });
    response.end(bytes);
    return;
  }
  if (Number(first) >= bytes.length) {
    response.writeHead(416, { 'content-range': `bytes */${bytes.length}` });
    response.end();
    return;
  }
  const part = bytes.subarray(Number(first), Number(last) + 1);
  response.writeHead(206, {
    'content-length': part.length,
    'content-range': `bytes ${first}-${Number(first) + part.length - 1}/${bytes.length}`,
  });
  response.end(part);
}

/** Serves files by their name; others are 404. */
export function serveFiles(files: ReadonlyMap<string, Buffer>): RequestListener {
  return (request, response) => {
    const path = new URL(request.url ?? '', 'http://server').pathname;
    const bytes = files.get(decodeURIComponent(path.slice(path.lastIndexOf('/') + 1)));
    if (bytes !== undefined) return sendRange(request, response, { bytes });
    response.writeHead(404);
    response.end();
  };
}

/** Answers every request with a status and nothing else. */
export function statusOnly(status: number): RequestListener {
  return (_request, response) => {
    response.writeHead(status);
    response.end();
  };
}

export interface SilentServer {
  readonly origin: string;
  /** How many have been accepted so far. */
  readonly connections: () => number;
}

/** Accepts connections until the test ends and never says a word. */
export async function silentServer(): Promise<SilentServer> {
  const sockets: Socket[] = [];
  const server = createTcpServer((socket) => {
    sockets.push(socket.on('error', () => {}));
  });
  const port = await listen(server);
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { origin: `http://127.0.0.1:${port}`, connections: () => sockets.length };
}

/** The origin of a server that has ended. */
export async function deadOrigin(): Promise<string> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}
