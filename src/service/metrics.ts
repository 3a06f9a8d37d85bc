import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { LedgerViews } from '../ledger/index.js';
import type { BatchSummary } from './api/batches.js';
import type { BatchSummaries } from './batch-summaries.js';

/** The newest: more have no place on one page of a dashboard. */
const MAX_BATCHES = 100;
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** What Prometheus is told. */
export class Metrics {
  readonly #views: LedgerViews;
  readonly #summaries: BatchSummaries;
  readonly #registry = new Registry();
  readonly #requests = new Histogram({
    name: 'xenferry_http_request_duration_seconds',
    help: 'Answers of the service',
    labelNames: ['method', 'route', 'status'],
    buckets: SECONDS,
    registers: [this.#registry],
  });
  readonly #jobs = this.#gauge('xenferry_jobs', 'Machines of the newest batches by state', ['state']);
  readonly #batches = this.#gauge('xenferry_batches', 'Batches by stage', ['stage']);
  readonly #hops = this.#gauge(
    'xenferry_hop_bytes_per_second',
    'What goes through hosts, datastores, links, threads and repositories',
    ['kind', 'name'],
  );
  readonly #ends = this.#gauge('xenferry_forecast_end_timestamp', 'When a batch is expected to end', [
    'batch',
  ]);
  readonly #moved = new Counter({
    name: 'xenferry_moved_bytes_total',
    help: 'Guest data moved since the service started',
    registers: [this.#registry],
  });
  readonly #errors = new Counter({
    name: 'xenferry_errors_total',
    help: 'Runs of machines that failed, by error code',
    labelNames: ['code'],
    registers: [this.#registry],
  });
  /** By batch, when it was looked at last. */
  readonly #movedBytes = new Map<number, number>();

  constructor(views: LedgerViews, summaries: BatchSummaries) {
    this.#views = views;
    this.#summaries = summaries;
    collectDefaultMetrics({ register: this.#registry });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Notes an answer; `route` is the pattern of its address. */
  noteRequest(method: string, route: string, status: number, seconds: number): void {
    this.#requests.observe({ method, route, status: String(status) }, seconds);
  }

  /** All metrics as Prometheus reads them. */
  async text(): Promise<string> {
    const rows = await this.#views.batches(
      ['draft', 'queued', 'running', 'ended'],
      Number.MAX_SAFE_INTEGER,
      MAX_BATCHES,
    );
    const [batches, failures] = await Promise.all([this.#summaries.of(rows), this.#views.failureCounts()]);
    for (const metric of [this.#jobs, this.#batches, this.#hops, this.#ends, this.#errors]) metric.reset();
    for (const batch of batches) this.#tell(batch);
    for (const [code, times] of failures) this.#errors.inc({ code }, times);
    return await this.#registry.metrics();
  }

  #tell({ id, name, stage, counts, movedBytes, outlook }: BatchSummary): void {
    this.#batches.inc({ stage });
    for (const [state, machines] of Object.entries(counts)) this.#jobs.inc({ state }, machines);
    this.#moved.inc(Math.max(0, movedBytes - (this.#movedBytes.get(id) ?? movedBytes)));
    this.#movedBytes.set(id, movedBytes);
    if (stage !== 'running' || outlook === null) return;
    for (const { kind, name: hop, bytesPerSecond } of outlook.hops) {
      this.#hops.inc({ kind, name: hop }, bytesPerSecond);
    }
    if (outlook.endsAt !== null) this.#ends.set({ batch: name }, outlook.endsAt / 1000);
  }

  #gauge<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Gauge<Label> {
    return new Gauge({ name, help, labelNames, registers: [this.#registry] });
  }
}
