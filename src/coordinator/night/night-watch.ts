import { isBlocking } from '../../model/plan.js';
import { type Decision, decide, type Job, type Night, type RateMeter } from '../../scheduling/index.js';
import type { BatchContext, PlannedJob } from '../job.js';
import type { JobRunner } from '../job-runner.js';
import { isInterrupted } from '../stop-reasons.js';
import { Alarm } from './alarm.js';
import { IdleJobs } from './idle-jobs.js';
import { NightNotices, type NoticeWish } from './night-notices.js';
import { NightTally } from './night-tally.js';
import { obeyOrders } from './obey-orders.js';
import { OutlookWriter } from './outlook-writer.js';
import { ProgressWatch } from './progress-watch.js';
import { NightRates } from './rates.js';
import { RunningJobs } from './running-jobs.js';
import { TrackedJobs } from './tracked-jobs.js';
import { WaitingWord } from './waiting-word.js';

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
  /** Removes what is there of a machine that was cancelled between its runs. */
  readonly discard?: ((job: PlannedJob) => Promise<void>) | undefined;
  /** Who is told; nobody when left out. */
  readonly notices?: NoticeWish | undefined;
}

/** Orders of other processes are looked for so often. */
const LOOK_MS = 1000;

const NOBODY: NoticeWish = { tell: () => {}, batch: '', page: null };

/**
 * Runs a batch's jobs as the scheduler decides, until nothing is left that could be done. Rejects when the ledger cannot be
 * written, and with CONFIG_INVALID for a window that does not exist.
 */
export async function watchNight(options: NightOptions): Promise<void> {
  await new NightWatch(options).run();
}

class NightWatch {
  readonly #options: NightOptions;
  readonly #beganAt = Date.now();
  readonly #alarm = new Alarm();
  readonly #tracked: TrackedJobs;
  readonly #rates: NightRates;
  readonly #running: RunningJobs;
  readonly #idle: IdleJobs;
  readonly #progress: ProgressWatch;
  readonly #outlooks: OutlookWriter;
  readonly #tally: NightTally;
  readonly #notices: NightNotices;
  readonly #waiting: WaitingWord;
  #cap: number | null = null;
  #hasBegun = false;

  constructor(options: NightOptions) {
    const { context, batchId, jobs, scheduled, parts, meter, runner, notices } = options;
    const { ledger } = context;
    const tracked = new TrackedJobs(scheduled, jobs);
    const rates = new NightRates(meter, parts.limits, this.#beganAt);
    const running = new RunningJobs({
      context,
      runner,
      tracked,
      rates,
      onEnd: (id, error) => {
        this.#outlooks.outdate();
        if (error !== null) this.#tally.failed(id, error);
      },
      wake: () => this.#alarm.wake(),
    });
    this.#options = options;
    this.#tracked = tracked;
    this.#rates = rates;
    this.#running = running;
    this.#idle = new IdleJobs(context, tracked);
    this.#notices = new NightNotices(notices ?? NOBODY, clocksOf(parts.waves), this.#beganAt);
    this.#progress = new ProgressWatch({
      context,
      batchId,
      tracked,
      running,
      rates,
      notices: this.#notices,
      stuck: parts.policy.stuck,
    });
    this.#outlooks = new OutlookWriter({ ledger, batchId, tracked, running, rates });
    this.#tally = new NightTally(tracked);
    this.#waiting = new WaitingWord(context.observe);
  }

  async run(): Promise<void> {
    const { signal } = this.#options.context;
    const onAbort = () => this.#alarm.wake();
    signal.addEventListener('abort', onAbort);
    try {
      await this.#begin();
      while (!signal.aborted && this.#running.failure === null && (await this.#round())) {
        // Another round.
      }
      if (this.#running.failure !== null) throw this.#running.failure;
      if (signal.aborted) await this.#cancelRest();
    } finally {
      signal.removeEventListener('abort', onAbort);
      await this.#running.allEnd();
    }
  }

  /** What earlier runs have settled. */
  async #begin(): Promise<void> {
    const { jobs, context, continues, isFinished, batchId } = this.#options;
    const { ledger } = context;
    const failures = await ledger.nights.failures(batchId);
    if (continues) for (const failure of failures) this.#tracked.failed(failure);
    else await ledger.nights.forgetFailures(failures.map(({ jobId }) => jobId));
    const cutovers = await ledger.warmMoves.cutoversOf(batchId);
    const waiting = new Set(
      cutovers.flatMap(({ jobId, waitingSince }) => (waitingSince === null ? [] : [jobId])),
    );
    for (const job of jobs) {
      if (context.signal.aborted) return;
      const { id } = job.planned.machine;
      const { state } = job.record;
      if (job.planned.concerns.some(isBlocking)) await this.#settle(id);
      // Moving it again would undo what was asked for: only who retries it wants that.
      else if (job.record.rollback !== null) this.#tracked.ended(id, 'cancelled', Date.now());
      else if (state === 'done' && (await isFinished(job))) this.#idle.arrived(id);
      else if (continues && (state === 'failed' || state === 'cancelled' || state === 'paused'))
        this.#tracked.ended(id, state, Date.now(), waiting.has(job.record.id));
      else if (waiting.has(job.record.id)) this.#tracked.ended(id, 'paused', Date.now(), true);
    }
    if (!continues) return;
    for (const order of await ledger.orders.all(batchId)) {
      if (order.obeyedAt !== null) this.#tracked.rest(order);
    }
  }

  /** One that will not be moved: its run ends at once. */
  async #settle(id: string): Promise<void> {
    this.#running.start(id);
    await this.#running.end(id);
  }

  /** Whether there is more to do. */
  async #round(): Promise<boolean> {
    await this.#obey();
    const now = Date.now();
    await this.#progress.look(now, this.#cap);
    const night = this.#night();
    const decision = decide(night, now);
    await this.#carryOut(decision);
    for (const [id, error] of this.#tally.settle(decision)) {
      this.#notices.failed(now, this.#tracked.nameOf(id), error);
    }
    await this.#look(night, decision, now);
    // A machine that ended since the decision may be what the others waited for.
    if (this.#running.size === 0 && !this.#alarm.stirred && !mayGoOn(decision)) {
      await this.#strand(decision);
      this.#notices.ended(now, this.#tally.facts(new Map()), (now - this.#beganAt) / 1000);
      return false;
    }
    const until = Math.min(now + LOOK_MS, decision.lookAgainAt ?? Number.POSITIVE_INFINITY);
    await this.#alarm.sleep(until - Date.now());
    return true;
  }

  async #obey(): Promise<void> {
    const { context, batchId } = this.#options;
    const jobs = { tracked: this.#tracked, running: this.#running, idle: this.#idle };
    const { discard = async () => {} } = this.#options;
    if (await obeyOrders({ ledger: context.ledger, batchId, ...jobs, discard })) this.#outlooks.outdate();
  }

  #night(): Night {
    const { parts, meter } = this.#options;
    const { jobs, progress, failures } = this.#tracked;
    const limits = { ...parts.limits, machinesAtOnce: this.#rates.machinesAtOnce };
    return { ...parts, limits, jobs, progress, failures, rates: meter };
  }

  async #carryOut({ bandwidth, stop, start, waysIn }: Decision): Promise<void> {
    this.#cap = bandwidth.bytesPerSecond;
    for (const one of stop) this.#running.stop(one);
    for (const id of start) this.#running.start(id, waysIn.get(id));
    await this.#options.runner.limitBandwidth(this.#cap);
  }

  async #look(night: Night, decision: Decision, now: number): Promise<void> {
    this.#waiting.look(decision, this.#running.size);
    const outlook = await this.#outlooks.look(night, decision, this.#progress.stuckSince, now);
    if (outlook === null) return;
    this.#tellBegin(outlook.endsAt, now);
    this.#notices.look(
      outlook,
      now,
      this.#running.size > 0,
      (jobId) => this.#tracked.nameOfJob(Number(jobId)) ?? jobId,
      () => this.#tally.facts(decision.heldBack),
    );
  }

  /** Only now: the first forecast is part of it. */
  #tellBegin(forecastEnd: number | null, now: number): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const { jobs } = this.#tracked;
    const bytes = jobs.reduce((sum, job) => sum + job.bytes, 0);
    this.#notices.started(now, jobs.length, bytes, forecastEnd);
  }

  /** What nothing will start any more has failed. */
  async #strand({ heldBack }: Decision): Promise<void> {
    for (const [id, { reason }] of heldBack) this.#tally.giveUp(id, await this.#idle.strand(id, reason));
  }

  /** The whole run was stopped. What is paused so waits for the next. */
  async #cancelRest(): Promise<void> {
    if (isInterrupted(this.#options.context.signal)) return;
    await this.#running.allEnd();
    for (const { id } of this.#tracked.jobs) {
      if (this.#tracked.of(id).state === 'waiting') await this.#idle.cancel(id);
    }
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
