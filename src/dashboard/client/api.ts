import type {
  BatchSummary,
  EventRecord,
  IssuedToken,
  JobDetail,
  JobState,
  JobSummary,
  NewSchedule,
  Order,
  OrderScope,
  OrderVerb,
  Overview,
  Page,
  PlanDocument,
  Role,
  RollbackProspect,
  Schedule,
  Session,
  Stage,
  Timeline,
  Token,
  Worker,
} from '../documents.js';
import { problemOf, unreachable } from './problem.js';

export interface JobQuery {
  readonly state?: JobState | null;
  readonly wave?: string | null;
  readonly search?: string;
  readonly order?: 'plan' | 'name' | 'ends';
  readonly limit?: number;
}

type Query = Readonly<Record<string, string | number | null | undefined>>;

const REPORT_KINDS = ['html', 'json', 'csv'] as const;
export type ReportKind = (typeof REPORT_KINDS)[number];

/** How long an answer may take, in milliseconds: beyond it the page says that the service does not answer. */
const PATIENCE_MS = 30_000;

/** The service's API with one token. Every call throws a Problem when it is refused or the service does not answer. */
export class Api {
  readonly #token: string;

  constructor(token: string) {
    this.#token = token;
  }

  session(): Promise<Session> {
    return this.#get('/v1/session');
  }

  overview(): Promise<Overview> {
    return this.#get('/v1/overview');
  }

  batches(
    query: { stage?: Stage; cursor?: string | null; limit?: number } = {},
  ): Promise<Page<BatchSummary>> {
    return this.#get('/v1/batches', query);
  }

  batch(id: number): Promise<BatchSummary> {
    return this.#get(`/v1/batches/${id}`);
  }

  createBatch(name: string, migration: string, key: string): Promise<BatchSummary> {
    return this.#send('POST', '/v1/batches', { name, migration }, { 'idempotency-key': key });
  }

  async deleteBatch(id: number): Promise<void> {
    await this.#request('DELETE', `/v1/batches/${id}`);
  }

  async startBatch(id: number): Promise<void> {
    await this.#request('POST', `/v1/batches/${id}/start`);
  }

  plan(id: number): Promise<PlanDocument> {
    return this.#get(`/v1/batches/${id}/plan`);
  }

  saveMigration(id: number, migration: string): Promise<PlanDocument> {
    return this.#send('PUT', `/v1/batches/${id}/migration`, { migration });
  }

  order(batchId: number, verb: OrderVerb, scope: OrderScope, subject: string): Promise<Order> {
    return this.#send('POST', `/v1/batches/${batchId}/orders`, { verb, scope, subject });
  }

  orders(batchId: number): Promise<Page<Order>> {
    return this.#get(`/v1/batches/${batchId}/orders`);
  }

  jobs(batchId: number, query: JobQuery, cursor: string | null): Promise<Page<JobSummary>> {
    return this.#get(`/v1/batches/${batchId}/jobs`, { ...query, cursor });
  }

  timeline(batchId: number): Promise<Timeline> {
    return this.#get(`/v1/batches/${batchId}/timeline`);
  }

  job(id: number): Promise<JobDetail> {
    return this.#get(`/v1/jobs/${id}`);
  }

  /** What it would take to take a machine back to its source. */
  rollbackProspect(jobId: number, force: boolean): Promise<RollbackProspect> {
    return this.#get(`/v1/jobs/${jobId}/rollback`, { force: String(force) });
  }

  rollBack(jobId: number, force: boolean): Promise<RollbackProspect> {
    return this.#send('POST', `/v1/jobs/${jobId}/rollback`, { force });
  }

  log(jobId: number, cursor: string | null): Promise<Page<EventRecord>> {
    return this.#get(`/v1/jobs/${jobId}/log`, { cursor, limit: 200 });
  }

  async report(batchId: number, kind: ReportKind): Promise<Blob> {
    return (await this.#request('GET', `/v1/batches/${batchId}/report.${kind}`)).blob();
  }

  schedules(): Promise<Page<Schedule>> {
    return this.#get('/v1/schedules');
  }

  /** A new one, or with `id` that one changed. */
  saveSchedule(id: number | null, schedule: NewSchedule): Promise<Schedule> {
    return id === null
      ? this.#send('POST', '/v1/schedules', schedule)
      : this.#send('PUT', `/v1/schedules/${id}`, schedule);
  }

  async deleteSchedule(id: number): Promise<void> {
    await this.#request('DELETE', `/v1/schedules/${id}`);
  }

  tokens(): Promise<Page<Token>> {
    return this.#get('/v1/tokens');
  }

  createToken(token: { name: string; role: Role; expiresAt: number | null }): Promise<IssuedToken> {
    return this.#send('POST', '/v1/tokens', token);
  }

  async deleteToken(id: number): Promise<void> {
    await this.#request('DELETE', `/v1/tokens/${id}`);
  }

  workers(): Promise<Page<Worker>> {
    return this.#get('/v1/workers');
  }

  /** The stream of events, from the one after `lastEventId`; it stays open until `signal`. */
  events(lastEventId: string | null, signal: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = { accept: 'text/event-stream' };
    if (lastEventId !== null) headers['last-event-id'] = lastEventId;
    return this.#request('GET', '/v1/events', { headers, signal });
  }

  async #get<T>(path: string, query: Query = {}): Promise<T> {
    const parameters = new URLSearchParams();
    for (const [key, value] of Object.entries(query)) {
      if (value !== null && value !== undefined && value !== '') parameters.set(key, String(value));
    }
    const suffix = parameters.size === 0 ? '' : `?${parameters}`;
    return (await this.#request('GET', `${path}${suffix}`)).json();
  }

  async #send<T>(
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
  ): Promise<T> {
    const response = await this.#request(method, path, {
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    return response.json();
  }

  async #request(
    method: string,
    path: string,
    {
      headers = {},
      body,
      signal,
    }: { headers?: Record<string, string>; body?: string; signal?: AbortSignal } = {},
  ): Promise<Response> {
    const response = await fetch(path, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, accept: 'application/json', ...headers },
      ...(body === undefined ? {} : { body }),
      signal: signal ?? AbortSignal.timeout(PATIENCE_MS),
      cache: 'no-store',
      credentials: 'omit',
    }).catch((cause: unknown) => {
      throw unreachable(cause);
    });
    if (!response.ok) throw await problemOf(response);
    return response;
  }
}
