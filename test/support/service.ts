import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll } from 'vitest';
import { Ledger } from '../../src/ledger/index.js';
import { type RunningService, type ServiceOptions, startService } from '../../src/service/index.js';
import { tempFiles } from './temp-files.js';

/** Has batches run until they are let go, one for each `release`, or stopped. */
export class Turnstile {
  #free = 0;
  readonly #waiting: (() => void)[] = [];

  release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }

  readonly run: NonNullable<ServiceOptions['run']> = async (_planned, _ledger, signal) => {
    if (signal.aborted) return;
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    await new Promise<void>((done) => {
      this.#waiting.push(done);
      signal.addEventListener('abort', () => done());
    });
  };
}

/** Log lines as they came. */
export class KeptLog extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

export interface TestService extends RunningService {
  readonly home: string;
  readonly log: KeptLog;
  /** The first token, an admin's. */
  readonly admin: string;
  /** Another process at the same ledger. */
  readonly beside: Ledger;
  /** A request with a token (the admin's without one); the body is sent as JSON. */
  readonly ask: (method: string, path: string, options?: AskOptions) => Promise<Answer>;
}

export interface AskOptions {
  readonly token?: string | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed where it is JSON. */
  readonly json: unknown;
}

/** Starts services that end with the test file. Batches are not run but end at once, unless `run` says otherwise. */
export function services(): (options?: Partial<ServiceOptions>) => Promise<TestService> {
  const { folder } = tempFiles();
  const started: TestService[] = [];
  afterAll(async () => {
    for (const service of started) await service.close().catch(() => {});
  });
  return async (options = {}) => {
    const home = options.home ?? mkdtempSync(join(folder, 'home-'));
    const log = new KeptLog();
    const service = await startService({
      home,
      version: '0.0.0',
      host: '127.0.0.1',
      port: 0,
      tls: null,
      allowedFolders: [],
      batchesAtOnce: 1,
      openMetrics: false,
      dashboard: join(folder, 'no-dashboard'),
      logTo: log,
      run: async () => {},
      ...options,
    });
    const beside = await Ledger.openForReading({ folder: home });
    const admin = readFileSync(join(home, 'admin-token'), 'utf8').trim();
    const ask: TestService['ask'] = (method, path, asked) =>
      request(service.url + path, method, admin, asked);
    let closed: Promise<void> | null = null;
    const close = () => {
      closed ??= beside.close().then(() => service.close());
      return closed;
    };
    const running = { ...service, home, log, admin, beside, ask, close };
    started.push(running);
    return running;
  };
}

async function request(
  url: string,
  method: string,
  admin: string,
  { token = admin, body, headers = {} }: AskOptions = {},
): Promise<Answer> {
  const answer = await fetch(url, {
    method,
    headers: {
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  const isJson = /json/.test(answer.headers.get('content-type') ?? '');
  return { status: answer.status, headers: answer.headers, text, json: isJson ? JSON.parse(text) : null };
}
