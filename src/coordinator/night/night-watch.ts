import type { Order, RecordedError } from '../../ledger/index.js';
import { XenferryError } from '../../model/errors.js';
import type { Outlook } from '../../model/outlook.js';
import { isBlocking } from '../../model/plan.js';
import type { MachineFailure } from '../../notifications/index.js';
import {
  type Decision,
  decide,
  type Forecast,
  forecast,
  type Hold,
  type Job,
  type Night,
  type RateMeter,
  type Stop,
  type WayIn,
} from '../../scheduling/index.js';
import type { BatchContext, PlannedJob } from '../job.js';
import type { JobRunner } from '../job-runner.js';
import { isInterrupted, stopReason } from '../stop-reasons.js';
import { type NightFacts, NightNotices, type NoticeWish } from './night-notices.js';
import { outlookOf } from './outlook.js';
import { NightRates } from './rates.js';
import { StuckJobs } from './stuck-jobs.js';
import { TrackedJobs } from './tracked-jobs.js';

/** What a batch's scheduling goes by that does not change while it runs. */
export type NightParts = Pick<Night, 'waves' | 'startsAt' | 'blackOuts' | 'limits' | 'caps' | 'policy'>;

export interface NightOptions {
  readonly context: Pick<BatchContext, 'ledger' | 'signal' | 'observe'>;
  readonly batchId: number;
  readonly jobs: readonly PlannedJob[];
  /** The same machines as the scheduler sees them. */
  readonly scheduled: readonly Job[];
  readonly parts: NightParts;
  readonly meter: RateMeter;
  readonly runner: JobRunner;
  /** Whether an earlier run that did not end is gone on with: its failures and pauses still count. */
  readonly continues: boolean;
  /** Whether a machine has arrived already, by an earlier run. */
  readonly isFinished: (job: PlannedJob) => Promise<boolean>;
  /** Who is told; nobody when left out. */
  readonly notices?: NoticeWish | undefined;
  /** Sets what all machines together may move, in bytes a second; null without a cap. */
  readonly limitBandwidth: (bytesPerSecond: number | null) => void;
}

/** Orders of other processes are looked for so often. */
const LOOK_MS = 1000;
const FORECAST_MS = 30_000;
const OUTLOOK_MS = 5000;

/**
 * Runs a batch's jobs as the scheduler decides, until nothing is left that could be done. Rejects when the ledger cannot be
 * written, and with CONFIG_INVALID for a window that does not exist.
 */
export async function watchNight(options: NightOptions): Promise<void> {
  await new NightWatch(options).run();
}

class NightWatch {
  readonly #options: NightOptions;
  readonly #tracked: TrackedJobs;
  /** By the job's id in the ledger. */
  readonly #names: ReadonlyMap<number, string>;
  readonly #rates: NightRates;
  readonly #stuck = new StuckJobs();
  readonly #running = new Map<
    string,
    { readonly stop: AbortController; readonly end: Promise<void>; readonly since: number }
  >();
  #wakeUp: () => void = () => {};
  #stirred = false;
  #failure: unknown = null;
  #forecast: Forecast | null = null;
  #forecastAt = 0;
  #outlookAt = 0;
  #estimateEndsAt: number | null = null;
  #told = '';
  #cap: number | null = null;
  #windowOpen: string | null = null;
  readonly #notices: NightNotices | null;
  readonly #beganAt = Date.now();
  /** Machines that have failed; nobody was told yet whether for good. */
  readonly #failed = new Map<string, RecordedError>();
  readonly #given = new Map<string, MachineFailure>();

  constructor(options: NightOptions) {
    this.#options = options;
    this.#tracked = new TrackedJobs(options.scheduled, options.jobs);
    this.#names = new Map(options.jobs.map(({ record, planned }) => [record.id, planned.name]));
    this.#rates = new NightRates(options.meter, options.parts.limits, Date.now());
    const { notices, parts } = options;
    this.#notices =
      notices === undefined ? null : new NightNotices(notices, clocksOf(parts.waves), this.#beganAt);
  }

  async run(): Promise<void> {
    const { signal } = this.#options.context;
    const onAbort = () => this.#wake();
    signal.addEventListener('abort', onAbort);
    try {
      await this.#begin();
      while (!signal.aborted && this.#failure === null && (await this.#round())) {
        // Another round.
      }
      if (this.#failure !== null) throw this.#failure;
      if (signal.aborted) await this.#cancelRest();
    } finally {
      signal.removeEventListener('abort', onAbort);
      await Promise.all([...this.#running.values()].map(({ end }) => end));
    }
  }

  /** What earlier runs have settled. */
  async #begin(): Promise<void> {
    const { jobs, context, continues, isFinished, batchId } = this.#options;
    const { ledger } = context;
    const failures = await ledger.nights.failures(batchId);
    if (continues) for (const failure of failures) this.#tracked.failed(failure);
    else await ledger.nights.forgetFailures(failures.map(({ jobId }) => jobId));
    for (const job of jobs) {
      if (context.signal.aborted) return;
      const { id } = job.planned.machine;
      const { state } = job.record;
      if (job.planned.concerns.some(isBlocking)) await this.#settle(id);
      else if (state === 'done' && (await isFinished(job))) this.#arrived(id, job);
      else if (continues && (state === 'failed' || state === 'cancelled' || state === 'paused'))
        this.#tracked.ended(id, state, Date.now());
    }
    const orders = await ledger.orders.all(batchId);
    for (const order of orders) {
      if (order.obeyedAt === null) continue;
      if (continues) this.#rest(order);
    }
  }

  #arrived(id: string, { record, planned }: PlannedJob): void {
    this.#tracked.ended(id, 'done', Date.now());
    this.#options.context.observe({
      kind: 'job',
      jobId: record.id,
      name: planned.name,
      state: 'done',
      error: null,
    });
  }

  /** One that will not be moved: its run ends at once. */
  async #settle(id: string): Promise<void> {
    this.#start(id);
    await this.#running.get(id)?.end;
  }

  /** Whether there is more to do. */
  async #round(): Promise<boolean> {
    await this.#obey();
    const now = Date.now();
    await this.#sample(now);
    const night = this.#night();
    // The decision says of these whether they are tried again.
    const failed = [...this.#failed];
    const decision = decide(night, now);
    this.#options.limitBandwidth(decision.bandwidth.bytesPerSecond);
    for (const stop of decision.stop) this.#stop(stop);
    for (const id of decision.start) this.#start(id, decision.waysIn.get(id));
    this.#noteFailures(failed, decision, now);
    await this.#look(night, decision, now);
    // A machine that ended since the decision may be what the others waited for.
    if (this.#running.size === 0 && !this.#stirred && !mayGoOn(decision)) {
      await this.#strand(decision);
      const facts = this.#facts({ ...decision, heldBack: new Map() });
      this.#notices?.ended(now, facts, (now - this.#beganAt) / 1000);
      return false;
    }
    const until = Math.min(now + LOOK_MS, decision.lookAgainAt ?? Number.POSITIVE_INFINITY);
    await this.#sleep(until - Date.now());
    return true;
  }

  #night(): Night {
    const { parts, meter } = this.#options;
    const { jobs, progress, failures } = this.#tracked;
    const limits = { ...parts.limits, machinesAtOnce: this.#rates.machinesAtOnce };
    return { ...parts, limits, jobs, progress, failures, rates: meter };
  }

  #start(id: string, wayIn?: WayIn): void {
    const { context, runner } = this.#options;
    const job = this.#tracked.planned(id);
    const stop = new AbortController();
    const signal = AbortSignal.any([context.signal, stop.signal]);
    this.#tracked.started(id, wayIn);
    this.#rates.begin(this.#tracked.scheduled(id));
    const end = runner
      .run({ ...job, through: wayIn?.map(({ name }) => name) }, signal)
      .then(() => this.#ended(id, job))
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => {
        this.#running.delete(id);
        this.#wake();
      });
    this.#running.set(id, { stop, end, since: Date.now() });
  }

  async #ended(id: string, { record }: PlannedJob): Promise<void> {
    const { ledger } = this.#options.context;
    const { state, error } = await ledger.job(record.id);
    const at = Date.now();
    this.#rates.end(id);
    this.#forecastAt = 0;
    if (state === 'failed' && error !== null) {
      const failure = { jobId: record.id, at, code: error.code, message: error.message };
      await ledger.nights.addFailure(failure);
      // Before it counts as ended: whether it is tried again depends on it.
      this.#tracked.failed(failure);
      this.#failed.set(id, error);
    }
    this.#tracked.ended(id, state, at);
  }

  /** Tells of those that will not be tried again. */
  #noteFailures(
    failed: readonly (readonly [string, RecordedError])[],
    { heldBack, start }: Decision,
    now: number,
  ): void {
    for (const [id, error] of failed) {
      this.#failed.delete(id);
      if (heldBack.has(id) || start.includes(id)) continue;
      this.#giveUp(id, error);
      this.#notices?.failed(now, this.#tracked.planned(id).planned.name, error);
    }
  }

  #giveUp(id: string, { code, message, hint }: RecordedError): void {
    this.#given.set(id, { machine: this.#tracked.planned(id).planned.name, code, message, hint });
  }

  #stop({ jobId, how, reason }: Stop): void {
    this.#running.get(jobId)?.stop.abort(stopReason(how === 'pause' ? 'PAUSED' : 'WITHDRAWN', reason));
  }

  async #obey(): Promise<void> {
    const { context, batchId } = this.#options;
    const { ledger } = context;
    for (const order of await ledger.orders.waiting(batchId)) {
      this.#rest(order);
      if (order.verb === 'cancel') await this.#withdraw(this.#tracked.covered(order), order);
      if (order.verb === 'retry') await this.#retry(this.#tracked.covered(order));
      const { verb, scope, subject, by } = order;
      await ledger.orders.obeyed(order.id);
      await ledger.events.append({ batchId, jobId: null, kind: 'order', data: { verb, scope, subject, by } });
      this.#forecastAt = 0;
    }
  }

  /** The last word counts, whatever it was said of: machine, wave or batch. */
  #rest(order: Order): void {
    if (order.verb !== 'pause' && order.verb !== 'resume') return;
    for (const id of this.#tracked.covered(order))
      this.#tracked.change(id, { onHold: order.verb === 'pause' });
  }

  async #withdraw(ids: readonly string[], { by }: Order): Promise<void> {
    for (const id of ids) {
      const { state } = this.#tracked.of(id);
      if (state === 'done' || state === 'cancelled') continue;
      if (state === 'running') this.#stop({ jobId: id, how: 'cancel', reason: `cancelled by ${by}` });
      else await this.#drop(id);
    }
  }

  /** Cancels a job that does not run. */
  async #drop(id: string): Promise<void> {
    const { ledger, observe } = this.#options.context;
    const { record, planned } = this.#tracked.planned(id);
    await ledger.setState(record.id, 'cancelled');
    this.#tracked.ended(id, 'cancelled', Date.now());
    observe({ kind: 'job', jobId: record.id, name: planned.name, state: 'cancelled', error: null });
  }

  async #retry(ids: readonly string[]): Promise<void> {
    const { ledger } = this.#options.context;
    const again = ids.filter((id) => ['failed', 'cancelled'].includes(this.#tracked.of(id).state));
    this.#tracked.forget(new Set(again));
    await ledger.nights.forgetFailures(again.map((id) => this.#tracked.planned(id).record.id));
    for (const id of again) {
      this.#tracked.change(id, { state: 'waiting', endedAt: null, onHold: false });
      await ledger.setState(this.#tracked.planned(id).record.id, 'planned');
    }
  }

  async #sample(now: number): Promise<void> {
    if (this.#running.size === 0) return;
    const { context, batchId } = this.#options;
    const { ledger, observe } = context;
    const ids = [...this.#running.keys()].map((id) => this.#tracked.planned(id).record.id);
    const records = await ledger.nights.progress(ids);
    const progressOf = (id: string) => {
      const record = records.get(this.#tracked.planned(id).record.id);
      // What an earlier run left says nothing of this one.
      return record === undefined || record.at < (this.#running.get(id)?.since ?? 0) ? undefined : record;
    };
    for (const id of this.#running.keys()) {
      this.#tracked.change(id, { movedBytes: progressOf(id)?.movedBytes ?? 0 });
    }
    const sample = this.#rates.sample(progressOf, this.#cap, now);
    if (sample !== null) await ledger.nights.addSample(batchId, now, sample);
    const running = new Map([...this.#running.keys()].map((id) => [id, progressOf(id)]));
    for (const { id, step, since } of this.#stuck.look(running, now)) {
      const { record, planned } = this.#tracked.planned(id);
      await ledger.events.append({ batchId, jobId: record.id, kind: 'stuck', data: { step, since } });
      const seconds = (now - since) / 1000;
      observe({ kind: 'stuck', name: planned.name, step, seconds });
      this.#notices?.stuck(now, planned.name, step, seconds);
    }
  }

  /** Says what is to be expected, in the ledger and to whoever watches. */
  async #look(night: Night, decision: Decision, now: number): Promise<void> {
    this.#cap = decision.bandwidth.bytesPerSecond;
    this.#tell(decision);
    if (now - this.#forecastAt >= FORECAST_MS) {
      this.#forecast = forecast(this.#night(), now);
      this.#forecastAt = now;
      if (this.#estimateEndsAt === null) this.#begun(now, this.#forecast.endsAt);
      this.#outlookAt = 0;
    }
    if (this.#forecast === null || now - this.#outlookAt < OUTLOOK_MS) return;
    this.#outlookAt = now;
    const { batchId, meter, context } = this.#options;
    const outlook = outlookOf({
      night,
      now,
      decision,
      forecast: this.#forecast,
      meter,
      running: this.#tracked.jobs.filter(({ id }) => this.#running.has(id)),
      machinesAtOnce: this.#rates.machinesAtOnce,
      estimateEndsAt: this.#estimateEndsAt,
      stuckSince: this.#stuck.since,
      ledgerId: (id) => this.#tracked.planned(id).record.id,
    });
    await context.ledger.nights.setOutlook(batchId, outlook);
    await this.#noteWindow(outlook);
    const nameOf = (jobId: string) => this.#names.get(Number(jobId)) ?? jobId;
    this.#notices?.look(outlook, now, this.#running.size > 0, nameOf, () => this.#facts(decision));
  }

  #begun(now: number, endsAt: number | null): void {
    this.#estimateEndsAt = endsAt;
    const { jobs } = this.#tracked;
    const bytes = jobs.reduce((sum, job) => sum + job.bytes, 0);
    this.#notices?.started(now, jobs.length, bytes, endsAt);
  }

  #facts({ heldBack }: Decision): NightFacts {
    const counts = { done: 0, failed: 0, cancelled: 0, left: 0 };
    let movedBytes = 0;
    for (const job of this.#tracked.jobs) {
      const { state, movedBytes: moved } = this.#tracked.of(job.id);
      const isLeft =
        state !== 'done' && state !== 'cancelled' && (state !== 'failed' || heldBack.has(job.id));
      counts[isLeft ? 'left' : state] += 1;
      movedBytes += state === 'done' ? job.bytes : moved;
    }
    const waiting = [...heldBack].map(([id, { reason }]) => {
      return { machine: this.#tracked.planned(id).planned.name, reason };
    });
    return { counts, movedBytes, failures: [...this.#given.values()], waiting };
  }

  async #noteWindow({ window }: Outlook): Promise<void> {
    const state = window === null ? null : `${window.name} ${window.open}`;
    if (state === this.#windowOpen) return;
    this.#windowOpen = state;
    if (window === null) return;
    const { context, batchId } = this.#options;
    const { name, open } = window;
    await context.ledger.events.append({ batchId, jobId: null, kind: 'window', data: { name, open } });
  }

  #tell({ heldBack }: Decision): void {
    if (this.#running.size > 0 || heldBack.size === 0) {
      this.#told = '';
      return;
    }
    const first: Hold | undefined = heldBack.values().next().value;
    if (first === undefined || first.kind === this.#told) return;
    this.#told = first.kind;
    this.#options.context.observe({ kind: 'waiting', reason: first.reason, machines: heldBack.size });
  }

  /** What nothing will start any more has failed. */
  async #strand({ heldBack }: Decision): Promise<void> {
    const { ledger, observe } = this.#options.context;
    for (const [id, { reason }] of heldBack) {
      const { record, planned } = this.#tracked.planned(id);
      const error = new XenferryError('NOT_STARTED', `was not started: ${reason}`);
      await ledger.failJob(record.id, error);
      this.#tracked.ended(id, 'failed', Date.now());
      this.#giveUp(id, error);
      observe({ kind: 'job', jobId: record.id, name: planned.name, state: 'failed', error });
    }
  }

  /** The whole run was stopped. What is paused so waits for the next. */
  async #cancelRest(): Promise<void> {
    if (isInterrupted(this.#options.context.signal)) return;
    await Promise.all([...this.#running.values()].map(({ end }) => end));
    for (const { id } of this.#tracked.jobs) {
      const { state } = this.#tracked.of(id);
      if (state === 'waiting') await this.#drop(id);
    }
  }

  #wake(): void {
    this.#stirred = true;
    this.#wakeUp();
  }

  /** Not when something has happened since the last sleep. */
  async #sleep(milliseconds: number): Promise<void> {
    if (milliseconds > 0 && !this.#stirred && !this.#options.context.signal.aborted) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wakeUp = resolve;
        timer = setTimeout(resolve, milliseconds);
      });
      clearTimeout(timer);
    }
    this.#stirred = false;
  }
}

/** Those of the first window, else this machine's. */
function clocksOf(waves: NightParts['waves']): string {
  const window = waves.find((wave) => wave.window !== null)?.window;
  return window?.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Whether time or the operator can have something started. */
function mayGoOn({ heldBack }: Decision): boolean {
  return [...heldBack.values()].some(({ kind, until }) => until !== null || kind === 'operator');
}
