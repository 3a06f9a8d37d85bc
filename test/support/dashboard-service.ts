import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import type {
  BatchSummary,
  EventRecord,
  JobSummary,
  Order,
  OrderScope,
  OrderVerb,
  Role,
  RollbackProspect,
  Schedule,
  Token,
  Worker,
} from '../../src/dashboard/documents.js';
import {
  countsOf,
  draftBatch,
  endedBatch,
  jobDetail,
  nightJobs,
  PLAN_TEXT,
  planDocument,
  runningBatch,
  timelineOf,
} from './dashboard-night.js';
import { listen } from './range-server.js';

/** The page leaves nothing to the service's defaults. */
type SentSchedule = Omit<Schedule, 'id' | 'lastAt' | 'lastResult' | 'nextAt'>;

/** The headers that the service gives its pages, the strictest that a dashboard may have to live with. */
const POLICY =
  "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const TOKENS: Readonly<Record<string, Role>> = {
  'see-token': 'viewer',
  'do-token': 'operator',
  'all-token': 'admin',
};

const RUNNING = 1;
const DRAFT = 2;

const ROLLBACK: RollbackProspect = {
  steps: [
    'target: shut down web0000 (running)',
    'target: lock web0000, so that nobody starts it; it is kept',
    'source: connect its network cards as they were',
    'source: give the machine its name back',
    'source: start the machine',
  ],
  warnings: ['What was written in the pool since the move is not brought back; it stays on the disks there.'],
  refusal: null,
};

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly role: Role;
}

/** Answers as docs/api.md has it, with one night of made-up machines, and takes orders. */
export class DashboardService {
  readonly now = Date.now();
  readonly jobs: JobSummary[];
  readonly orders: Order[] = [];
  /** Those that were asked for. */
  readonly rollbacks: { readonly job: number; readonly body: unknown }[] = [];
  readonly batches: BatchSummary[];
  /** Migration file of the draft. */
  migration = PLAN_TEXT;
  /** Last-Event-ID of each stream that was opened. */
  readonly streamsFrom: (string | null)[] = [];
  readonly schedules: Schedule[] = [];
  tokens: Token[] = [];
  readonly #streams = new Set<ServerResponse>();
  readonly #events: EventRecord[] = [];
  readonly #server: Server;
  #refusing = false;

  constructor(machines: number) {
    this.jobs = nightJobs(RUNNING, machines, this.now);
    this.batches = [
      runningBatch(RUNNING, 'Shop, second night', this.jobs, this.now),
      draftBatch(DRAFT, 'Warehouse'),
      endedBatch(3, 'Shop, first night', this.now, 2),
      endedBatch(4, 'Head office', this.now - 86_400_000, 0),
    ];
    this.tokens = [this.#token(1, 'dashboard', 'admin'), this.#token(2, 'monitoring', 'viewer')];
    this.schedules = [this.#schedule(1)];
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  async start(): Promise<string> {
    return `http://127.0.0.1:${await listen(this.#server)}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Whether every call is cut off, as when the machine is gone. */
  refuse(refusing: boolean): void {
    this.#refusing = refusing;
    if (refusing) this.cutStreams();
  }

  cutStreams(): void {
    for (const stream of this.#streams) stream.destroy();
  }

  /** Tells all streams that the job has changed. */
  change(index: number, part: Partial<JobSummary>): void {
    const job = this.jobs[index];
    if (job === undefined) throw new Error(`no job ${index}`);
    this.jobs[index] = { ...job, ...part };
    const [batch] = this.batches;
    if (batch !== undefined) this.batches[0] = { ...batch, counts: countsOf(this.jobs) };
    this.#happen('job', job.id, { state: part.state ?? job.state });
  }

  progress(index: number, movedBytes: number): void {
    const { id = 0 } = this.jobs[index] ?? {};
    const data = { jobs: [{ id, step: 'convert', movedBytes, bytesPerSecond: 64 * 1024 * 1024 }] };
    for (const stream of this.#streams) stream.write(`event: progress\ndata: ${JSON.stringify(data)}\n\n`);
  }

  #happen(kind: string, jobId: number | null, data: unknown): void {
    const event = { id: this.#events.length + 1, at: Date.now(), batchId: RUNNING, jobId, kind, data };
    this.#events.push(event);
    for (const stream of this.#streams) this.#send(stream, event);
  }

  #send(stream: ServerResponse, event: EventRecord): void {
    stream.write(`id: ${event.id}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://localhost');
    if (!path.startsWith('/v1/')) return this.#file(path, response);
    if (this.#refusing) {
      response.destroy();
      return;
    }
    const role = TOKENS[request.headers.authorization?.replace('Bearer ', '') ?? ''];
    if (role === undefined) {
      refuse(response, 401, {
        title: 'Not signed in',
        code: 'UNAUTHORIZED',
        detail: 'The token is not known.',
        hint: 'Check it, or have a new one made.',
      });
      return;
    }
    if (path === '/v1/events') return this.#stream(request, response);
    const text = await textOf(request);
    const body: unknown = text === '' ? null : JSON.parse(text);
    const said = this.#say({ method: request.method ?? 'GET', path, query, body, role });
    if (said === undefined)
      refuse(response, 404, {
        title: 'Not found',
        code: 'NOT_FOUND',
        detail: `${path} is not there.`,
        hint: '',
      });
    else send(response, 200, said);
  }

  #say({ method, path, query, body, role }: Asked): unknown {
    const [, , list, id, part] = path.split('/');
    const batch = this.batches.find((each) => String(each.id) === id);
    switch (`${method} ${list}${part === undefined ? '' : `/${part}`}`) {
      case 'GET session':
        return { name: `${role} of the tests`, role, version: '0.1.0' };
      case 'GET overview':
        return { now: this.now, batches: this.batches, workers: this.#workers() };
      case 'GET batches':
        if (id !== undefined) return batch;
        return pageOf(this.batches.filter(({ stage }) => (query.get('stage') ?? stage) === stage));
      case 'POST batches': {
        const made = { ...draftBatch(this.batches.length + 1, textIn(body, 'name')) };
        this.batches.push(made);
        return made;
      }
      case 'DELETE batches':
        return {};
      case 'GET batches/jobs':
        return this.#jobPage(query);
      case 'GET batches/orders':
        return pageOf(this.orders);
      case 'POST batches/orders':
        return this.#order(body);
      case 'GET batches/timeline':
        return batch === undefined
          ? undefined
          : timelineOf(batch, batch.id === RUNNING ? this.jobs : [], this.now);
      case 'GET batches/plan':
        return planDocument(this.migration);
      case 'PUT batches/migration':
        this.migration = textIn(body, 'migration');
        return planDocument(this.migration);
      case 'POST batches/start':
        return {};
      case 'GET jobs': {
        const job = this.jobs.find((each) => String(each.id) === id);
        return job === undefined ? undefined : jobDetail(job, this.now);
      }
      case 'GET jobs/rollback':
        return ROLLBACK;
      case 'POST jobs/rollback':
        this.rollbacks.push({ job: Number(id), body });
        return ROLLBACK;
      case 'GET jobs/log':
        return pageOf([
          {
            id: 9001,
            at: this.now - 3_600_000,
            batchId: RUNNING,
            jobId: Number(id),
            kind: 'job',
            data: { state: 'fixing', worker: 'ferry1' },
          },
          {
            id: 9002,
            at: this.now - 3_590_000,
            batchId: RUNNING,
            jobId: Number(id),
            kind: 'job',
            data: { state: 'converting', step: 'convert', worker: 'ferry1' },
          },
          {
            id: 9003,
            at: this.now - 1_200_000,
            batchId: RUNNING,
            jobId: Number(id),
            kind: 'stuck',
            data: { step: 'convert' },
          },
        ]);
      case 'GET schedules':
        return pageOf(this.schedules);
      case 'POST schedules':
      case 'PUT schedules':
        return this.#saveSchedule(body as SentSchedule, id);
      case 'GET tokens':
        return pageOf(this.tokens);
      case 'POST tokens': {
        const made = this.#token(this.tokens.length + 1, textIn(body, 'name'), 'viewer');
        this.tokens.push(made);
        return { ...made, token: 'xf_0123456789abcdef0123456789abcdef' };
      }
      case 'DELETE tokens':
        this.tokens = this.tokens.filter((token) => String(token.id) !== id);
        return {};
      case 'GET workers':
        return pageOf(this.#workers());
      default:
        return undefined;
    }
  }

  #jobPage(query: URLSearchParams): unknown {
    const search = query.get('search')?.toLowerCase() ?? '';
    const found = this.jobs.filter(
      ({ name, state, wave }) =>
        name.toLowerCase().includes(search) &&
        (query.get('state') ?? state) === state &&
        (query.get('wave') ?? wave) === wave,
    );
    if (query.get('order') === 'name') found.sort((one, other) => one.name.localeCompare(other.name));
    const start = Number(query.get('cursor') ?? 0);
    const end = start + Math.min(500, Number(query.get('limit') ?? 100));
    return { items: found.slice(start, end), next: end < found.length ? String(end) : null };
  }

  #order(body: unknown): Order {
    const order: Order = {
      id: this.orders.length + 1,
      at: Date.now(),
      verb: textIn(body, 'verb') as OrderVerb,
      scope: textIn(body, 'scope') as OrderScope,
      subject: textIn(body, 'subject'),
      givenBy: 'do-token',
      obeyedAt: null,
    };
    this.orders.push(order);
    const [batch] = this.batches;
    if (batch !== undefined && order.scope === 'batch')
      this.batches[0] = { ...batch, onHold: order.verb === 'pause' };
    this.#happen('order', null, { verb: order.verb });
    return order;
  }

  #saveSchedule(schedule: SentSchedule, id: string | undefined): Schedule {
    const saved = {
      ...this.#schedule(id === undefined ? this.schedules.length + 1 : Number(id)),
      ...schedule,
    };
    const at = this.schedules.findIndex((each) => each.id === saved.id);
    if (at === -1) this.schedules.push(saved);
    else this.schedules[at] = saved;
    return saved;
  }

  #schedule(id: number): Schedule {
    return {
      id,
      name: 'Exports of the day',
      migration: 'version: 1\n',
      cron: '0 22 * * mon-fri',
      timeZone: 'Europe/Berlin',
      folder: '/srv/drop',
      quietSeconds: 60,
      enabled: true,
      lastAt: this.now - 86_400_000,
      lastResult: '12 machines, all done.',
      nextAt: this.now + 3_600_000,
    };
  }

  #token(id: number, name: string, role: Role): Token {
    return { id, name, role, createdAt: this.now - 9e8, expiresAt: null, lastUsedAt: this.now - 60_000 };
  }

  #workers(): Worker[] {
    return ['ferry1', 'ferry2', 'ferry3'].map((name, index) => ({
      name,
      startedAt: this.now - 86_400_000,
      beatAt: this.now - (index === 2 ? 400_000 : 3000),
      endedAt: null,
      threads: 16,
      slots: 4,
    }));
  }

  #stream(request: IncomingMessage, response: ServerResponse): void {
    const last = request.headers['last-event-id'];
    this.streamsFrom.push(typeof last === 'string' ? last : null);
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(': welcome\n\n');
    if (typeof last === 'string') {
      for (const event of this.#events.filter(({ id }) => id > Number(last))) this.#send(response, event);
    }
    this.#streams.add(response);
    response.on('close', () => this.#streams.delete(response));
  }

  #file(path: string, response: ServerResponse): void {
    const file = path === '/' ? 'index.html' : path.slice(1);
    if (!/^(?:assets\/)?[a-z]+\.[a-z]+$/.test(file)) {
      refuse(response, 404, { title: 'Not found' });
      return;
    }
    response.writeHead(200, {
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
      'content-security-policy': POLICY,
      'x-content-type-options': 'nosniff',
    });
    response.end(readFileSync(join('dist/dashboard', file)));
  }
}

function pageOf<T>(items: readonly T[]): { items: readonly T[]; next: null } {
  return { items, next: null };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, {
    'content-type': status < 400 ? 'application/json' : 'application/problem+json',
  });
  response.end(JSON.stringify(body));
}

function refuse(response: ServerResponse, status: number, problem: Readonly<Record<string, string>>): void {
  send(response, status, { type: 'about:blank', status, ...problem });
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}

function textIn(body: unknown, key: string): string {
  const value =
    typeof body === 'object' && body !== null ? new Map(Object.entries(body)).get(key) : undefined;
  return typeof value === 'string' ? value : '';
}
