import type { BlockDigest } from '../conversion/index.js';
import { removeGuestFolder } from '../guests/index.js';
import type { Profile } from '../guests/profiles/index.js';
import {
  Ledger,
  type LedgerPlace,
  RUNNING_STATES,
  type TargetLock,
  type UnfinishedSource,
} from '../ledger/index.js';
import { toXenferryError, XenferryError } from '../model/errors.js';
import type { Problem } from '../model/inventory.js';
import { isBlocking, type Plan, type PlannedMachine } from '../model/plan.js';
import type { JobQueue } from '../queue/index.js';
import type { VspherePatience } from '../vsphere/index.js';
import { WorkerThreadsPool } from '../worker-threads-pool/index.js';
import type { PoolPatience } from '../xapi/index.js';
import type { ChunkChecksum } from '../xva/index.js';
import type { BatchObserver } from './batch-events.js';
import { waysOf } from './batch-ways.js';
import type { Delivery } from './delivery.js';
import { jobPrints } from './fingerprint.js';
import { type BatchContext, claimJob, type PlannedJob } from './job.js';
import type { JobRunner } from './job-runner.js';
import { removeExports } from './live/exported-disks.js';
import { LiveServers } from './live/live-servers.js';
import { withMovedMachines } from './live/moved-machines.js';
import { sweepSources } from './live/sweep-sources.js';
import type { NoticeWish } from './night/night-notices.js';
import { watchJobs } from './night/watch-jobs.js';
import { openDelivery } from './open-delivery.js';
import { ProgressReporter } from './progress-reporter.js';
import { QueueRunner } from './queue-runner.js';
import { refixedMachines } from './refixed-machines.js';
import { runJob } from './run-job.js';
import { isInterrupted, stopReason } from './stop-reasons.js';
import { workerName } from './worker-name.js';

export interface BatchOptions {
  readonly plan: Plan;
  readonly profiles: readonly Profile[];
  /** Threads for conversions. */
  readonly threads: number;
  /** Machines at a time. */
  readonly parallel: number;
  readonly checksum: ChunkChecksum;
  readonly digest: BlockDigest;
  readonly signal: AbortSignal;
  /**
   * Nobody is there: what may pass by itself is tried again, and machines that fail alike have others wait. Otherwise a
   * failed machine is left for the operator.
   */
  readonly unattended: boolean;
  /** Whether what failed, was paused or cancelled in an earlier run stays so; otherwise all is tried again. */
  readonly continues: boolean;
  readonly observe: BatchObserver;
  /** Where the ledger is; in the target folder when left out. */
  readonly store?: LedgerPlace | undefined;
  /** URL of the queue whose workers run the machines; this process does when left out. */
  readonly queue?: string | undefined;
  /** Stays open; the target folder's own when left out. */
  readonly ledger?: Ledger | undefined;
  /** Who is told of the batch; nobody when left out. */
  readonly notices?: NoticeWish | undefined;
  /** With a pool; the usual one when left out. */
  readonly patience?: PoolPatience | undefined;
  /** With a vCenter; the usual one when left out. */
  readonly vspherePatience?: VspherePatience | undefined;
}

export interface BatchResult {
  readonly done: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Stopped, with what they have moved kept. */
  readonly paused: number;
  /** What went wrong beside the machines' failures, one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Runs every machine of a plan, several at a time, and goes on where an earlier run of the same plan stopped.
 * One machine's failure never stops another. Throws PLAN_BLOCKED, TARGET_BUSY, TARGET_UNWRITABLE, LEDGER_INVALID,
 * and LEDGER_UNREACHABLE when another may have the target by now.
 */
export async function runBatch(options: BatchOptions): Promise<BatchResult> {
  const { plan } = options;
  refuseBlockedPlan(plan);
  const ledger = options.ledger ?? (await Ledger.open(options.store ?? { folder: plan.target }));
  const pool = new WorkerThreadsPool(options.threads);
  const liveServers = new LiveServers(options.vspherePatience);
  let lock: TargetLock | null = null;
  try {
    const progress = new ProgressReporter(ledger);
    const observe: BatchObserver = (event) => {
      progress.observe(event);
      options.observe(event);
    };
    lock = await ledger.lockTarget(plan.target);
    const context: BatchContext = {
      ...options,
      ledger,
      pool,
      target: plan.target,
      guests: plan.guests,
      observe,
      worker: workerName(),
      liveServers,
      signal: AbortSignal.any([options.signal, interruptedBy(lock.lost)]),
    };
    const batchId = await ledger.beginBatch({
      sources: JSON.stringify(plan.sources),
      target: plan.target,
      destination: JSON.stringify(plan.destination),
      ways: waysOf({ ...context, blackOuts: plan.night.blackOuts }),
    });
    const present = await withMovedMachines(ledger, batchId, plan);
    const { blackOuts } = plan.night;
    const delivery = await openDelivery({ ...present, blackOuts, batchId }, context);
    const queue = options.queue === undefined ? null : await openQueue(options.queue, ledger);
    const runner: JobRunner =
      queue === null
        ? {
            run: async (job, signal) =>
              runJob({ ...context, signal }, delivery, await claimJob(context, job)),
            limitBandwidth: async (bytesPerSecond) => pool.gate.limit(bytesPerSecond),
          }
        : new QueueRunner({
            ledger,
            queue,
            batchId,
            target: plan.target,
            capped: plan.night.caps.length > 0,
          });
    const warnings: string[] = [];
    try {
      const jobs = await enlist(context, delivery, batchId, present);
      for (const folder of await ledger.orphanedGuestFolders(plan.target)) await removeGuestFolder(folder);
      if (queue === null) await removeExports(plan.target);
      const sweep = () => sweepLeftovers({ ...context, batchId }, delivery, jobs, queue !== null);
      const left = await sweep();
      await watchJobs(
        { ...options, plan: present },
        {
          context,
          batchId,
          jobs,
          runner,
          isFinished: (job) => delivery.isFinished(job),
          discard: (job) => discard(context, delivery, job, warnings),
          waysIn: (planned) => delivery.waysIn(planned),
        },
      );
      lock.lost.throwIfAborted();
      warnings.push(...(await delivery.afterwards(await finished(context, batchId, jobs))));
      // By now a server may be back, or have given up an export that nobody keeps alive.
      if (left.length > 0) warnings.push(...(await sweep()));
    } finally {
      await progress.close();
      warnings.push(...(await delivery.close()));
      await queue?.close();
    }
    // One that is only interrupted goes on, and its time counts.
    if (!isInterrupted(context.signal)) await ledger.finishBatch(batchId);
    const states = (await ledger.jobs(batchId)).flatMap(({ state, rollback }) =>
      rollback === null ? [state] : [],
    );
    const count = (wanted: string) => states.filter((state) => state === wanted).length;
    return {
      done: count('done'),
      failed: count('failed'),
      cancelled: count('cancelled'),
      paused: count('paused'),
      warnings,
    };
  } catch (error) {
    // What failed because of that says less.
    lock?.lost.throwIfAborted();
    throw error;
  } finally {
    await pool.close();
    await liveServers.close();
    await lock?.release();
    if (options.ledger === undefined) await ledger.close();
  }
}

/** Aborts as a run that is only interrupted: whoever has the target by then goes on with its jobs. */
function interruptedBy(lost: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const interrupt = () => controller.abort(stopReason('PAUSED', 'the target may be another run’s'));
  lost.addEventListener('abort', interrupt, { once: true });
  if (lost.aborted) interrupt();
  return controller.signal;
}

/** Loaded where it is needed: a batch without workers elsewhere does not pay for hundreds of modules. */
async function openQueue(url: string, ledger: Ledger): Promise<JobQueue> {
  const { JobQueue } = await import('../queue/index.js');
  return await JobQueue.open({ url, ledger: await ledger.knownIdentity() });
}

/** Those that are where they belong. */
async function finished(
  { ledger }: BatchContext,
  batchId: number,
  jobs: readonly PlannedJob[],
): Promise<PlannedJob[]> {
  const done = new Set(
    (await ledger.jobs(batchId)).flatMap(({ id, state }) => (state === 'done' ? [id] : [])),
  );
  return jobs.filter(({ record }) => done.has(record.id));
}

function refuseBlockedPlan(plan: Plan): void {
  const blocking = plan.concerns.find(isBlocking);
  if (blocking === undefined) return;
  throw new XenferryError('PLAN_BLOCKED', `${blocking.message} (${blocking.id})`, { hint: blocking.remedy });
}

/**
 * Takes back what is left at sources, but for machines that workers may have, and for those that have arrived without
 * anybody having said so: what stays of them is told apart when their turn comes.
 */
async function sweepLeftovers(
  context: BatchContext & { readonly batchId: number },
  delivery: Delivery,
  jobs: readonly PlannedJob[],
  onWorkers: boolean,
): Promise<readonly string[]> {
  const own = new Map(jobs.map((job) => [job.record.id, job]));
  const isSpared = async ({ jobId, state }: UnfinishedSource) => {
    const job = own.get(jobId);
    if (job !== undefined && state !== 'done' && (await delivery.isFinished(job))) return true;
    return onWorkers && RUNNING_STATES.some((running) => running === state);
  };
  const onTheirWay = await context.ledger.warmMoves.onTheirWay(context.batchId);
  const { left } = await sweepSources(context, isSpared, onTheirWay);
  return left;
}

/** Removes what is there of a machine that was on its way, and that nobody wants moved any more. */
async function discard(
  context: BatchContext,
  delivery: Delivery,
  job: PlannedJob,
  warnings: string[],
): Promise<void> {
  const { id } = job.record;
  try {
    if ((await context.ledger.warmMoves.disksOf(id)) === 0) return;
    await context.ledger.warmMoves.forget(id);
    const { left } = await sweepSources(context, ({ jobId }) => jobId !== id);
    warnings.push(...left);
    await delivery.deliverWarm?.discard(job);
  } catch (error) {
    const { message } = toXenferryError(error);
    warnings.push(`${job.planned.name}: what is in the pool of it is removed by the next run: ${message}`);
  }
}

/** Writes the plan's jobs down; descriptors that could not be read are jobs that have failed already. */
async function enlist(
  context: BatchContext,
  delivery: Delivery,
  batchId: number,
  plan: Plan,
): Promise<PlannedJob[]> {
  const { ledger, observe } = context;
  const prepared = await Promise.all(
    inOrder(plan).map(async (planned) => {
      const around = { surroundings: delivery.surroundings(planned), lasting: delivery.lasting(planned) };
      return { planned, ...around, ...(await jobPrints(planned, around, context)) };
    }),
  );
  const specs = [
    ...prepared.map(({ planned, fingerprint, base }) => ({
      machineId: planned.machine.id,
      planned: JSON.stringify(planned),
      fingerprint,
      base,
      name: planned.name,
      wave: planned.wave,
      dataBytes: planned.dataBytes,
    })),
    ...plan.unreadable.map(({ file }) => ({
      machineId: file,
      planned: 'null',
      fingerprint: '',
      name: file,
      wave: '',
      dataBytes: 0,
    })),
  ];
  await ledger.enlist(batchId, specs, await refixedMachines(ledger, batchId, plan));
  const records = new Map((await ledger.jobs(batchId)).map((record) => [record.machineId, record]));
  for (const problem of plan.unreadable) {
    const record = records.get(problem.file);
    if (record === undefined) continue;
    const error = errorOfProblem(problem);
    await ledger.failJob(record.id, error);
    observe({ kind: 'job', jobId: record.id, name: problem.file, state: 'failed', error });
  }
  return prepared.flatMap((job) => {
    const record = records.get(job.planned.machine.id);
    return record === undefined ? [] : [{ ...job, record }];
  });
}

/** As the waves take them. */
function inOrder({ machines, waves }: Plan): PlannedMachine[] {
  const places = new Map(waves.flatMap(({ machineIds }) => machineIds).map((id, place) => [id, place]));
  const placeOf = ({ machine }: PlannedMachine) => places.get(machine.id) ?? places.size;
  return machines.toSorted((a, b) => placeOf(a) - placeOf(b));
}

function errorOfProblem({ code, message, hint, file, line }: Problem): XenferryError {
  return new XenferryError(code, message, { hint, file, line: line ?? undefined });
}
