import { type Job, WaitingError, Worker } from 'bullmq';
import { XenferryError } from '../model/errors.js';
import { type QueuedJob, type QueuePlace, queueBackend, queueName } from './backend.js';
import { queueError } from './job-queue.js';

/** A job whose workers died so often is more likely to be what kills them. */
const MOST_DEATHS = 20;

export interface QueueWorkerOptions {
  readonly queue: QueuePlace;
  readonly name: string;
  /** Jobs at a time. */
  readonly slots: number;
  /** After which a worker that says nothing is taken for dead, and its jobs go to others. */
  readonly leaseMilliseconds: number;
  /**
   * Runs a job. `again`: it was stopped for this worker's sake, and another is to take it up. Its signal aborts with
   * LEASE_LOST when the queue has given the job to another worker.
   */
  readonly run: (job: QueuedJob, signal: AbortSignal) => Promise<'ended' | 'again'>;
  /** Told what goes wrong with the queue; it goes on by itself. */
  readonly onError: (error: XenferryError) => void;
}

/** Takes jobs from the queue for as long as it is not closed. */
export class QueueWorker {
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** Rejects with CONFIG_INVALID, LEDGER_UNREACHABLE, LEDGER_UNAUTHORIZED. */
  static async start({
    queue,
    name,
    slots,
    leaseMilliseconds,
    run,
    onError,
  }: QueueWorkerOptions): Promise<QueueWorker> {
    const backend = await queueBackend(queue);
    const process = async (job: Job<QueuedJob>, token?: string, signal?: AbortSignal) => {
      const lost = new AbortController();
      const lose = () =>
        lost.abort(new XenferryError('LEASE_LOST', 'the queue gave the job to another worker'));
      signal?.addEventListener('abort', lose);
      if ((await run(job.data, lost.signal)) === 'ended') return;
      await job.moveToWait(token);
      throw new WaitingError();
    };
    const options = {
      ...backend.options,
      name,
      concurrency: slots,
      lockDuration: leaseMilliseconds,
      stalledInterval: Math.ceil(leaseMilliseconds / 2),
      maxStalledCount: MOST_DEATHS,
    };
    const args = backend.factory === undefined ? [options] : [options, backend.factory];
    let worker: Worker | undefined;
    try {
      const started: Worker = Reflect.construct(Worker, [queueName(queue), process, ...args]);
      worker = started;
      started.on('error', (error) => onError(queueError(error)));
      started.on('lockRenewalFailed', (jobIds) => {
        for (const jobId of jobIds) started.cancelJob(jobId);
      });
      await started.waitUntilReady();
      return new QueueWorker(started);
    } catch (cause) {
      await worker?.close(true).catch(() => {});
      throw queueError(cause);
    }
  }

  /** Takes no more jobs, and resolves when those that run have ended: stop them first. */
  async close(): Promise<void> {
    await this.#worker.close();
  }
}
