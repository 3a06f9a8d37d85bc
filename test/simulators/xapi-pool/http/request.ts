import type { SocketReader } from './socket-reader.js';

/** Request line and headers together must fit into this many bytes. */
const HEADER_BYTES = 1024;
const END = Buffer.from('\r\n\r\n');

export interface Request {
  readonly method: string;
  readonly path: string;
  /** The query as it was sent, without the question mark. */
  readonly rawQuery: string;
  readonly query: ReadonlyMap<string, string>;
  readonly cookies: ReadonlyMap<string, string>;
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly keepAlive: boolean;
}

/** A request that ends the connection with a status. */
export class RequestRefused extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`status ${status}`);
    this.status = status;
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replace(/\+/g, ' '));
  } catch {
    return text;
  }
}

function pairs(text: string, separator: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const pair of text.split(separator)) {
    const equals = pair.indexOf('=');
    const name = (equals < 0 ? pair : pair.slice(0, equals)).trim();
    if (name !== '') {
      found.set(decoded(name), equals < 0 ? '' : decoded(pair.slice(equals + 1).trim()));
    }
  }
  return found;
}

function parse(head: string): Request {
  const [line = '', ...rest] = head.split('\r\n');
  const parts = /^([A-Z]+) (\S+) HTTP\/(1\.[01])$/.exec(line);
  if (parts?.[1] === undefined || parts[2] === undefined) {
    throw new RequestRefused(400);
  }
  const [, method, uri, version] = parts;
  const headers = new Map<string, string>();
  for (const header of rest) {
    const colon = header.indexOf(':');
    headers.set(header.slice(0, colon).trim().toLowerCase(), header.slice(colon + 1).trim());
  }
  const question = uri.indexOf('?');
  const rawQuery = question < 0 ? '' : uri.slice(question + 1);
  const cookie = headers.get('cookie') ?? '';
  const wish = headers.get('connection')?.toLowerCase();
  return {
    method,
    path: question < 0 ? uri : uri.slice(0, question),
    rawQuery,
    query: pairs(rawQuery, '&'),
    cookies: pairs(cookie, cookie.includes(';') ? ';' : '&'),
    headers,
    keepAlive: version === '1.1' ? wish !== 'close' : wish === 'keep-alive',
  };
}

export interface HeaderTimes {
  readonly readMs: number;
  readonly totalMs: number;
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new RequestRefused(408)), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The next request of a connection; undefined when there is none. Without `times` it may take as long as it likes,
 * as all requests but the first. Throws RequestRefused with 400, 408 or 431.
 */
export async function readRequest(reader: SocketReader, times?: HeaderTimes): Promise<Request | undefined> {
  let head = Buffer.alloc(0);
  const end = Date.now() + (times?.totalMs ?? 0);
  for (;;) {
    const reading = reader.some(HEADER_BYTES);
    const left = times === undefined ? 0 : Math.min(times.readMs, end - Date.now());
    const piece = await (times === undefined ? reading : within(Math.max(1, left), reading));
    if (piece === undefined) {
      return undefined;
    }
    head = Buffer.concat([head, piece]);
    const at = head.indexOf(END);
    if (at + END.length > HEADER_BYTES || (at < 0 && head.length >= HEADER_BYTES)) {
      throw new RequestRefused(431);
    }
    if (at >= 0) {
      reader.unread(head.subarray(at + END.length));
      return parse(head.toString('latin1', 0, at));
    }
  }
}
